//! The SQL of conversations.

pub(crate) mod changes;
pub(crate) mod conversations;
pub(crate) mod marks;
pub(crate) mod media;
pub(crate) mod messages;
pub(crate) mod notes;
pub(crate) mod people;
pub(crate) mod reports;
pub(crate) mod staff;

use platform::{
    ids::UserId,
    stream::{Kind, Told},
    time::Instant,
};
use serde::Serialize;

/// What a statement of ours wrote into the logs of people by itself, to be told after the commit.
pub(crate) fn told(
    kind: Kind,
    data: &(impl Serialize + Sync),
    places: Vec<(UserId, i64)>,
    at: Instant,
) -> sqlx::Result<Told> {
    let data = serde_json::value::to_raw_value(data).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    Ok(Told { kind, at, data, places })
}

/// Whether the constraint `name` was violated.
pub(crate) fn is_violation(error: &sqlx::Error, name: &str) -> bool {
    error.as_database_error().and_then(|error| error.constraint()) == Some(name)
}
