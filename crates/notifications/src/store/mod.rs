//! The SQL of notifications.

pub(crate) mod areas;
pub(crate) mod campaigns;
pub(crate) mod deliveries;
pub(crate) mod devices;
pub(crate) mod facts;
pub(crate) mod mail_stops;
pub(crate) mod notifications;
pub(crate) mod preferences;
pub(crate) mod shown;
pub(crate) mod wordings;
