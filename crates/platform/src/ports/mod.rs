//! The outside world: one small trait each, and the data it speaks. `adapters` has the real ones.

pub mod feedback;
pub mod gateway;
pub mod mailer;
pub mod push;
pub mod scanner;
pub mod sms;
pub mod social;
pub mod storage;
pub mod webhook;
