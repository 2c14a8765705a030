//! Where the work is done, and how much of it a provider sees before they have agreed.

use garde::Validate;
use platform::validation::{broken, not_blank};
use serde::{Deserialize, Serialize};

/// An address, copied into the booking.
#[expect(clippy::struct_field_names, reason = "the contract's names")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = BookingAddressDraft)]
pub struct Address {
    /// Street and number.
    #[garde(length(chars, min = 1, max = 200), custom(not_blank))]
    #[schema(min_length = 1, max_length = 200, pattern = "\\S", example = "Hauptstraße 5")]
    pub street_address: String,
    /// Town.
    #[garde(length(chars, min = 1, max = 100), custom(not_blank))]
    #[schema(min_length = 1, max_length = 100, pattern = "\\S", example = "Berlin")]
    pub city: String,
    /// State or province, where the country has them.
    #[serde(default)]
    #[garde(inner(length(chars, max = 100)))]
    #[schema(max_length = 100)]
    pub state: Option<String>,
    /// Postal code, where the country has them.
    #[serde(default)]
    #[garde(inner(length(chars, max = 20)))]
    #[schema(max_length = 20, example = "10115")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[garde(custom(country_code))]
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    pub country: String,
    /// Degrees north; with `longitude` or not at all.
    #[serde(default)]
    #[garde(inner(range(min = -90.0, max = 90.0)), custom(together(&self.longitude)))]
    #[schema(minimum = -90, maximum = 90, example = 52.5309)]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[serde(default)]
    #[garde(inner(range(min = -180.0, max = 180.0)), custom(together(&self.latitude)))]
    #[schema(minimum = -180, maximum = 180, example = 13.3847)]
    pub longitude: Option<f64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde passes it so")]
fn country_code(code: &str, _context: &()) -> garde::Result {
    if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err(broken("invalid_country"))
    }
}

#[expect(clippy::ref_option, reason = "garde passes them so")]
fn together(other: &Option<f64>) -> impl FnOnce(&Option<f64>, &()) -> garde::Result + '_ {
    move |own, _context| if own.is_some() == other.is_some() { Ok(()) } else { Err(broken("half_position")) }
}

/// An address as one of the two parties sees it.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = BookingAddress)]
pub struct AddressView {
    /// `null` where only the surroundings are shown.
    street_address: Option<String>,
    /// Town.
    city: String,
    /// State or province.
    state: Option<String>,
    /// `null` where only the surroundings are shown.
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$")]
    country: String,
    /// Degrees north; to about 1 km where only the surroundings are shown.
    latitude: Option<f64>,
    /// Degrees east; likewise.
    longitude: Option<f64>,
    /// Whether this is the whole address. A provider sees it while the booking is confirmed, and after.
    is_exact: bool,
}

impl Address {
    /// All of it.
    pub(crate) fn exact(&self) -> AddressView {
        AddressView {
            street_address: Some(self.street_address.clone()),
            city: self.city.clone(),
            state: self.state.clone(),
            postal_code: self.postal_code.clone(),
            country: self.country.clone(),
            latitude: self.latitude,
            longitude: self.longitude,
            is_exact: true,
        }
    }

    /// The town, and the corner of a grid of about 1 km: the same for every reader and every time, so that
    /// asking often tells no more.
    pub(crate) fn surroundings(&self) -> AddressView {
        let position =
            self.latitude.zip(self.longitude).map(|(latitude, longitude)| rounded(latitude, longitude));
        AddressView {
            street_address: None,
            postal_code: None,
            latitude: position.map(|(latitude, _)| latitude),
            longitude: position.map(|(_, longitude)| longitude),
            is_exact: false,
            ..self.exact()
        }
    }

    /// One line, for calendars.
    pub(crate) fn line(&self) -> String {
        let town = [self.postal_code.as_deref().unwrap_or_default(), &self.city];
        let town = town.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        [self.street_address.as_str(), &town, self.state.as_deref().unwrap_or_default(), &self.country]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[expect(clippy::float_arithmetic, reason = "geography")]
fn rounded(latitude: f64, longitude: f64) -> (f64, f64) {
    // A hundredth of a degree of latitude is 1.1 km; meridians come closer towards the poles.
    let step = 0.01;
    let latitude = (latitude / step).round() * step;
    let wide = step / latitude.to_radians().cos().max(0.01);
    let longitude = (longitude / wide).round() * wide;
    let tidy = |degrees: f64| (degrees * 1e4).round() / 1e4;
    (tidy(latitude).clamp(-90.0, 90.0), tidy(longitude).clamp(-180.0, 180.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surroundings_are_about_a_kilometre_wide_everywhere() {
        for latitude in [0.0, 37.9, 52.52, 69.65, 89.9, -90.0] {
            let (near, _) = rounded(latitude, 13.4050);
            let off = (near - latitude).abs() * 111.2;
            assert!(off < 0.6, "{latitude}: {off} km");
        }
        assert_eq!(rounded(52.5309, 13.3847), rounded(52.5311, 13.3852));
        assert_eq!(rounded(52.53, 13.38), (52.53, 13.3805));
        assert_eq!(rounded(-90.0, 180.0), (-90.0, 180.0));
    }
}
