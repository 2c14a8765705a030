//! Accounts through HTTP.
