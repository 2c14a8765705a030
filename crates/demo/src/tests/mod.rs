//! The demo as plain values: sizes, order, and that its numbers agree with each other.
mod database;
mod diary;
mod texts;

use crate::{
    Options,
    batches::{self, Batch},
    categories,
    rows::Booking,
    world::World,
};
use std::{collections::BTreeSet, ops::ControlFlow};
use uuid::Uuid;

/// A Thursday morning, when people in all three countries are at work.
const NOW: &str = "2026-11-19T10:10:00Z";

fn options(services: u32, seed: u64) -> Options {
    Options { services, seed, now: NOW.parse().unwrap(), password_hash: "$argon2id$demo".to_owned() }
}

fn world(services: u32, seed: u64) -> World {
    let children = categories::children().unwrap().into_iter().zip(1..);
    let ids = children.map(|((_, slug), number)| (slug, Uuid::from_u128(number))).collect();
    World::new(&options(services, seed), ids).unwrap()
}

/// All batches in one.
fn everything(world: &World) -> Batch {
    let mut all = Batch::default();
    batches::each(world, |batch| {
        all.people.extend(batch.people);
        all.providers.extend(batch.providers);
        all.schedules.extend(batch.schedules);
        all.services.extend(batch.services);
        all.favourites.extend(batch.favourites);
        all.bookings.extend(batch.bookings);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    all
}

fn bytes(seed: u64) -> Vec<Vec<u8>> {
    let loads = everything(&world(200, seed)).loads().unwrap();
    loads.into_iter().map(|load| load.data).collect()
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
    assert_eq!(bytes(7), bytes(7));
    assert_ne!(bytes(7), bytes(8));
}

#[test]
fn there_are_exactly_as_many_services_as_asked_for() {
    for services in [20, 21, 22, 23, 24, 27, 99, 500] {
        let all = everything(&world(services, 1));
        let expected = usize::try_from(services).unwrap();
        assert_eq!(all.services.len(), expected);
        assert_eq!(all.providers.len(), expected / 4);
        assert_eq!(all.schedules.len(), expected / 4);
        assert_eq!(all.people.len(), expected * 5 / 2);
    }
}

#[test]
fn other_sizes_are_refused() {
    for services in [0, 19, 1_000_001] {
        let refusal = World::new(&options(services, 1), std::collections::BTreeMap::new()).unwrap_err();
        assert!(refusal.to_string().contains("between 20 and 1,000,000"), "{refusal}");
    }
}

#[test]
fn there_are_about_ten_bookings_a_service() {
    let all = everything(&world(2_000, 1));
    assert!((18_000..24_000).contains(&all.bookings.len()), "{}", all.bookings.len());
}

#[test]
fn ids_sort_by_creation_and_none_comes_twice() {
    let all = everything(&world(500, 3));
    let made = all.people.iter().map(|row| (row.id, row.created_at));
    let made = made.chain(all.services.iter().map(|row| (row.id, row.created_at)));
    let made: Vec<_> = made.chain(all.bookings.iter().map(|row| (row.id, row.created_at))).collect();
    for (id, created_at) in &made {
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        let millis = i64::try_from(seconds).unwrap() * 1000 + i64::from(nanos) / 1_000_000;
        assert_eq!(millis, created_at.div_euclid(1000));
        assert_eq!(id.get_version_num(), 7);
    }
    let ids: BTreeSet<_> = made.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), made.len());
    let references: BTreeSet<_> = all.bookings.iter().map(|booking| &booking.reference).collect();
    assert_eq!(references.len(), all.bookings.len());
    let emails: BTreeSet<_> = all.people.iter().map(|person| person.email.to_lowercase()).collect();
    assert_eq!(emails.len(), all.people.len());
}

#[test]
fn references_are_short_and_readable() {
    let all = everything(&world(20, 1));
    for booking in &all.bookings {
        let letters = booking.reference.strip_prefix("SB-").unwrap();
        assert_eq!(letters.len(), 6);
        assert!(letters.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() && !"ILOU".contains(c)));
    }
}

#[test]
fn nothing_is_older_than_what_it_belongs_to_or_newer_than_now() {
    let world = world(500, 5);
    let all = everything(&world);
    let born = |id| all.people.iter().find(|person| person.id == id).unwrap().created_at;
    for service in &all.services {
        assert!(born(service.provider_id) < service.created_at && service.created_at < world.now);
    }
    for booking in &all.bookings {
        let service = all.services.iter().find(|service| service.id == booking.service_id).unwrap();
        assert!(service.created_at < booking.created_at && booking.created_at <= world.now);
        assert!(born(booking.customer_id) < booking.created_at);
    }
    for favourite in &all.favourites {
        assert!(born(favourite.user_id) <= favourite.created_at && favourite.created_at <= world.now);
    }
}

#[test]
fn services_lie_near_a_town_of_their_country() {
    for service in everything(&world(500, 2)).services {
        let position = service.position;
        assert!((35.0..61.0).contains(&position.latitude) && (-9.0..19.0).contains(&position.longitude));
        assert_eq!(service.currency == "GBP", service.language == "en", "{}", service.title);
        assert!(service.price_minor >= 990, "{} costs {}", service.title, service.price_minor);
    }
}

#[test]
fn the_fixed_accounts_have_something_to_show() {
    for seed in 0..20 {
        let all = everything(&world(20, seed));
        for login in crate::LOGINS {
            let person = all.people.iter().find(|person| person.email == login.email).unwrap();
            assert_eq!((person.name.as_str(), person.is_provider), (login.name, login.is_provider));
            let services = all.services.iter().filter(|service| service.provider_id == person.id).count();
            assert_eq!(services, if login.is_provider { 4 } else { 0 });
            let is_theirs =
                |booking: &&Booking| [booking.customer_id, booking.provider_id].contains(&person.id);
            let (open, over): (Vec<_>, Vec<_>) =
                all.bookings.iter().filter(is_theirs).partition(|booking| booking.state.is_open());
            let (open, over) = (open.len(), over.len());
            assert!(open >= 2 && over >= 10, "seed {seed}, {}: {open} ahead, {over} past", login.name);
        }
    }
    for login in crate::LOGINS {
        assert!(["en", "de", "it"].iter().all(|language| login.role(language).ends_with('.')));
    }
}
