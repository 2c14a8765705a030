//! What others may learn of the catalogue.

use platform::{
    ids::{ModerationId, ServiceId, UserId},
    outbox::Event,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Somebody became a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProviderRegistered {
    /// Who.
    pub provider_id: UserId,
}

/// A service was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceCreated {
    /// Which.
    pub service_id: ServiceId,
    /// Whose.
    pub provider_id: UserId,
}

/// A service or its pictures were changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceUpdated {
    /// Which.
    pub service_id: ServiceId,
    /// Whose.
    pub provider_id: UserId,
}

/// A service was taken back for good.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceWithdrawn {
    /// Which.
    pub service_id: ServiceId,
    /// Whose.
    pub provider_id: UserId,
    /// Whether bookings that are still to come are to be called off.
    pub cancel_upcoming: bool,
    /// The moderator who took it back; nobody where the provider did. Bookings are called off by the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderator_id: Option<UserId>,
}

/// What a moderator does to a service of somebody else's.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ServiceModerationKind)]
pub enum ModerationKind {
    /// What it says was changed.
    Edited,
    /// A picture was taken away.
    ImageRemoved,
    /// It was taken back for good.
    Withdrawn,
}

/// A moderator changed or withdrew a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceModerated {
    /// Which moderation.
    pub moderation_id: ModerationId,
    /// Of which service.
    pub service_id: ServiceId,
    /// Whose.
    pub provider_id: UserId,
    /// What it was called before.
    pub title: String,
    /// What was done.
    pub kind: ModerationKind,
    /// Why, for the provider.
    pub reason: String,
}

impl Event for ServiceModerated {
    const TOPIC: &'static str = "catalog.service_moderated";
    fn subject(&self) -> Uuid {
        self.service_id.uuid()
    }
}

impl Event for ProviderRegistered {
    const TOPIC: &'static str = "catalog.provider_registered";
    fn subject(&self) -> Uuid {
        self.provider_id.uuid()
    }
}

impl Event for ServiceCreated {
    const TOPIC: &'static str = "catalog.service_created";
    fn subject(&self) -> Uuid {
        self.service_id.uuid()
    }
}

impl Event for ServiceUpdated {
    const TOPIC: &'static str = "catalog.service_updated";
    fn subject(&self) -> Uuid {
        self.service_id.uuid()
    }
}

impl Event for ServiceWithdrawn {
    const TOPIC: &'static str = "catalog.service_withdrawn";
    fn subject(&self) -> Uuid {
        self.service_id.uuid()
    }
}
