//! Payouts: what providers earn, and how it comes to them.
//!
//! A job that was paid for is [earned](earn()) once: our share is taken by the most specific rule, the rest is pending
//! until the time for complaints is over, then available, and leaves by a withdrawal. Money is moved by the ledger;
//! what is kept here says which money it was. Who has been paid for a job calls [`earn()`], who gives money back for
//! one calls [`reverse`], who hears from a gateway calls [`hear`].

mod account;
mod books;
mod check;
mod commission;
mod earning;
mod events;
mod jobs;
mod model;
mod movements;
mod obligations;
mod purse;
mod routes;
mod store;
mod tax;
#[cfg(test)]
mod tests;
mod tip;
mod withdrawal;

pub use self::{
    account::Schedule,
    books::{earn, free_earning, hold_earning, reverse},
    check::check,
    earning::{Earning, Paid, Reversal, State as EarningState, Tax},
    events::{PayoutAccountChanged, WithdrawalChanged},
    jobs::{hear, register},
    model::PayoutError,
    movements::{Known, PayoutMovement, movements},
    obligations::register_obligations,
    routes::router,
    tax::{TaxProfile, tax_profile},
    tip::{Tip, reverse_tip, tip},
    withdrawal::State as WithdrawalState,
};
