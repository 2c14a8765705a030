//! The SQL of payouts; one function, one statement.

pub(crate) mod accounts;
pub(crate) mod checks;
pub(crate) mod earnings;
pub(crate) mod entries;
pub(crate) mod movements;
pub(crate) mod obligations;
pub(crate) mod overview;
pub(crate) mod purse;
pub(crate) mod rules;
pub(crate) mod taxes;
pub(crate) mod tips;
pub(crate) mod withdrawals;
