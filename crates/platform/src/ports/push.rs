//! Sending push notifications to phones and browsers.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;

/// What a device is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DevicePlatform {
    /// A phone or tablet of Google's kind.
    Android,
    /// An iPhone or iPad.
    Ios,
    /// A browser.
    Web,
}

/// A notification to one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The device's name at the push service.
    pub token: String,
    /// What the device is.
    pub platform: DevicePlatform,
    /// One line; "" for one that nobody sees.
    pub title: String,
    /// What it says; "" for one that nobody sees.
    pub body: String,
    /// What the app is told: where it leads (`type`, `entity`, `id`, `route`, `seq`, `v`).
    pub data: BTreeMap<String, String>,
    /// A later one with the same key replaces this one on the screen.
    pub collapse_key: Option<String>,
    /// The number on the app's icon.
    pub badge: Option<u32>,
}

/// Why a push was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The service does not know the device any more: forget it.
    #[error("the device is gone")]
    DeviceGone,
    /// Not now, but after this long.
    #[error("the push service asks to wait")]
    Later(Duration),
    /// It will never be taken: the message itself is wrong.
    #[error("the push service refuses the message: {0}")]
    Refused(String),
    /// Anything else; it may work another time.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Sends push notifications. Called from jobs only.
#[async_trait]
pub trait PushSender: Send + Sync {
    /// Hands a notification over, and gives the service's name for it.
    async fn send(&self, push: Push) -> Result<String, PushError>;
}
