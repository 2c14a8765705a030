//! Notifications: what people are told, once, in their language, by the channels that they chose.
//!
//! An event becomes [`Intent`](model::Intent)s in `rules` and nowhere else; `announce` writes each of them once, with
//! its deliveries; `deliver` hands those to the outside. What a text says follows from its template when it is read,
//! in words of the catalogue or of staff (`wording`).

mod announce;
mod deliver;
mod feedback;
mod jobs;
mod model;
mod preferences;
mod quiet;
mod render;
mod retract;
mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod unsubscribe;
mod wording;

pub use self::{
    jobs::register,
    model::NotificationError,
    routes::{dev_templates_router, router},
};
