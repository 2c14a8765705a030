//! Webhooks: partners are told what happens, by signed messages to endpoints that staff enter.
//!
//! An event becomes a [`Message`](message::Message) in `message` and nowhere else; `jobs` writes it down once for each
//! endpoint that wants to hear of it; `deliver` sends what is due at an endpoint, at least once, until it is taken.
//! docs/webhooks.md is for partners.

mod deliver;
mod jobs;
mod message;
mod model;
mod routes;
mod signature;
mod store;
#[cfg(test)]
mod tests;

pub use self::{jobs::register, model::WebhookError, routes::router};
