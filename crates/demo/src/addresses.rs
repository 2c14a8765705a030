//! Addresses that look like those of the country.
use crate::{chance::Chance, places::Country, rows::Service, texts::Texts};
use serde::Serialize;

const LETTERS: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";

#[derive(Serialize)]
struct Address<'a> {
    #[serde(rename = "street_address")]
    street: String,
    city: &'a str,
    state: Option<&'a str>,
    postal_code: String,
    country: &'a str,
    latitude: f64,
    longitude: f64,
}

/// Where the work is done: near the place that the service is offered at. As JSON.
pub(crate) fn near(
    texts: &Texts,
    service: &Service,
    country: Country,
    chance: &mut Chance,
) -> anyhow::Result<String> {
    let position = service.position.within(4.0, chance);
    let address = Address {
        street: texts.street(country, chance),
        city: service.city,
        state: None,
        postal_code: postal_code(country, chance),
        country: country.code(),
        latitude: position.latitude,
        longitude: position.longitude,
    };
    Ok(serde_json::to_string(&address)?)
}

/// Of the right shape; which town it belongs to is left to chance.
fn postal_code(country: Country, chance: &mut Chance) -> String {
    match country {
        Country::Germany => format!("{:05}", chance.between(1067, 99_998)),
        Country::Italy => format!("{:05}", chance.between(10, 98_168)),
        Country::UnitedKingdom => {
            let mut letter = || char::from(*chance.pick(LETTERS));
            let (a, b, c, d) = (letter(), letter(), letter(), letter());
            format!("{a}{b}{} {}{c}{d}", chance.between(1, 28), chance.between(1, 9))
        }
    }
}
