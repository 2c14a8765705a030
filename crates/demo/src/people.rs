//! Accounts: the customers and the people behind the providers.
use crate::{
    chance::Chance,
    logins,
    places::Country,
    rows::Person,
    texts::address_part,
    time::{DAY, HOUR},
    world::World,
};
use uuid::Uuid;

const DOMAIN: &str = "demo.skillbuddy.app";

/// The customer of that number, whole.
pub(crate) fn customer(world: &World, country: Country, number: u64) -> Person {
    let (customer, mut chance) = world.customer(country, number);
    let login = logins::fixed_customer(country);
    let (first, last) = world.texts.name(country, &mut chance);
    let (name, email) = if number == 0 {
        (login.name.to_owned(), login.email.to_owned())
    } else {
        (format!("{first} {last}"), email(first, last, country, number))
    };
    person(world, country, customer.id, customer.created_at, name, email, &mut chance)
}

/// The account of a provider, whose name may be fixed.
pub(crate) fn owner(
    world: &World,
    country: Country,
    number: u64,
    created_at: i64,
    chance: &mut Chance,
) -> (Person, String) {
    let id = chance.id_at(created_at);
    let (first, last) = world.texts.name(country, chance);
    let fixed = logins::fixed_provider(number).map(|fixed| fixed.login);
    let name = fixed.map_or_else(|| format!("{first} {last}"), |login| login.name.to_owned());
    let email = fixed.map_or_else(
        || format!("pro-{}", email(first, last, country, number)),
        |login| login.email.to_owned(),
    );
    let last = name.split_once(' ').map_or(last, |(_, last)| last).to_owned();
    let mut person = person(world, country, id, created_at, name, email, chance);
    person.is_provider = true;
    (person, last)
}

fn person(
    world: &World,
    country: Country,
    id: Uuid,
    created_at: i64,
    name: String,
    email: String,
    chance: &mut Chance,
) -> Person {
    let earliest = created_at.max(world.now - 60 * DAY);
    Person {
        id,
        email,
        name,
        country,
        timezone: country.zone(),
        is_provider: false,
        password_hash: world.password_hash.clone(),
        created_at,
        last_login_at: chance.between(earliest, (world.now - HOUR / 4).max(earliest)),
    }
}

/// Unique by the number within the country.
fn email(first: &str, last: &str, country: Country, number: u64) -> String {
    let country = country.code().to_ascii_lowercase();
    format!("{}.{}.{country}{number}@{DOMAIN}", address_part(first), address_part(last))
}
