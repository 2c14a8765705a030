//! Where something is, as clients say it.

use serde::{Deserialize, Serialize};

/// A place and its town.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(as = SaveLocation)]
pub(super) struct Location {
    /// Degrees north.
    #[garde(range(min = -90.0, max = 90.0))]
    #[schema(minimum = -90, maximum = 90, example = 52.52)]
    pub latitude: f64,
    /// Degrees east.
    #[garde(range(min = -180.0, max = 180.0))]
    #[schema(minimum = -180, maximum = 180, example = 13.405)]
    pub longitude: f64,
    /// The town.
    #[garde(inner(length(chars, min = 1, max = 120)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120, example = "Berlin")]
    pub city: Option<String>,
}

impl Location {
    /// From columns that are both there or both not.
    pub(super) fn of(latitude: Option<f64>, longitude: Option<f64>, city: Option<String>) -> Option<Self> {
        Some(Self { latitude: latitude?, longitude: longitude?, city })
    }
}
