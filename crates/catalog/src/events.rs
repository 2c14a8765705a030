//! What others may learn of the catalogue.

use platform::{
    ids::{ServiceId, UserId},
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
    /// Whether bookings that are still to come are to be called off, as the provider.
    pub cancel_upcoming: bool,
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
