//! Payments: what a customer pays for a booking, by card, PayPal or credits, at once, later or in parts; and what
//! goes back.
//!
//! Money is moved by gateways, outside of any transaction of ours: see `operation` for how nothing happens twice, and
//! `settle` for what an outcome means. Where the money belongs follows from the booking: see `follow`.

mod action;
mod approval;
mod case;
mod check;
mod credits;
mod debt;
mod dispute;
mod earnings;
mod events;
mod evidence;
mod follow;
mod goodwill;
mod installment;
mod issued;
mod jobs;
mod message;
mod method;
mod model;
mod obligations;
mod operation;
mod paper;
mod price;
mod promo;
mod purchase;
mod receipt;
mod reconcile;
mod refund;
mod retry;
mod review;
mod routes;
mod settle;
mod store;
mod superseded;
#[cfg(test)]
mod tests;

pub use self::{
    check::everything as check,
    credits::CreditKind,
    debt::{Debt, debts},
    events::{ChargeFailed, NextStep, PaymentChanged},
    issued::{Issued, issue},
    jobs::register,
    model::{DISPUTED, PaymentError, Status},
    obligations::register_obligations,
    routes::router,
};
