//! The SQL of payments: one function, one statement.

pub(crate) mod activity;
pub(crate) mod checks;
pub(crate) mod credits;
pub(crate) mod debts;
pub(crate) mod differences;
pub(crate) mod disputes;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod goodwill;
pub(crate) mod installments;
pub(crate) mod methods;
pub(crate) mod obligations;
pub(crate) mod operations;
pub(crate) mod payments;
pub(crate) mod promos;
pub(crate) mod receipts;
pub(crate) mod refund_requests;
pub(crate) mod refunds;
pub(crate) mod reviews;
pub(crate) mod tasks;
pub(crate) mod views;
