//! What staff do with money.

pub(super) mod evidence;
pub(super) mod goodwill;
pub(super) mod refund_requests;
pub(super) mod refunds;
pub(super) mod reviews;
pub(super) mod tasks;
