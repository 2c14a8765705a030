//! Chat: two people write to each other, before a booking and about it. Messages are numbered without gaps in each
//! conversation; how far each of the two is, is one number, from which receipts and counts of unread messages follow.

mod change;
mod conversation;
mod events;
mod filter;
mod jobs;
mod marks;
mod masking;
mod media;
mod message;
mod model;
mod notes;
mod report;
mod routes;
mod send;
mod sniff;
mod staff;
mod store;
#[cfg(test)]
mod tests;
mod typing;

pub use self::{
    events::{ConversationRead, MessageSent, ReportDecided, ReportOverdue},
    jobs::register,
    marks::{Arrival, Waiting, delivered, is_read, read, unread, waiting, waiting_in},
    message::{Location, Message, MessageKind},
    model::ChatError,
    routes::router,
    send::{NewMessage, Sent, send},
    store::people::visible_people,
    typing::typing,
};
