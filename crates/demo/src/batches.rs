//! The demo in pieces of a few megabytes, so that its size does not matter to memory.
use crate::{
    copy::Load,
    people,
    places::Country,
    providers::{self, Business},
    rows::{Booking, Favourite, Person, Provider, Schedule, Service},
    tables::{HistoryRow, ReservationRow, ScheduleRow},
    world::World,
};
use std::ops::ControlFlow;

const PEOPLE_A_BATCH: usize = 10_000;
const PROVIDERS_A_BATCH: u64 = 250;

/// Rows that are loaded together, each table in the order in which a real one would have grown.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) people: Vec<Person>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) services: Vec<Service>,
    pub(crate) favourites: Vec<Favourite>,
    pub(crate) bookings: Vec<Booking>,
}

impl Batch {
    fn add(&mut self, business: Business) {
        self.people.push(business.owner);
        self.providers.push(business.provider);
        self.schedules.push(business.schedule);
        self.services.extend(business.services);
        self.favourites.extend(business.favourites);
        self.bookings.extend(business.bookings);
    }

    fn sort(&mut self) {
        self.people.sort_by_key(|person| person.id);
        self.providers.sort_by_key(|provider| provider.id);
        self.schedules.sort_by_key(|schedule| schedule.provider_id);
        self.services.sort_by_key(|service| service.id);
        self.favourites.sort_by_key(|favourite| (favourite.created_at, favourite.service_id));
        self.bookings.sort_by_key(|booking| booking.id);
    }

    /// One load for each table that has rows in this batch.
    pub(crate) fn loads(&self) -> anyhow::Result<Vec<Load>> {
        let schedules = self.schedules.iter().map(|schedule| {
            let weekly = schedule.hours.weekly_json();
            Ok(ScheduleRow { schedule, weekly, exceptions: schedule.hours.exceptions_json()? })
        });
        let history = self
            .bookings
            .iter()
            .flat_map(|booking| booking.history.iter().map(|event| HistoryRow(booking, event)));
        let open = self.bookings.iter().filter(|booking| booking.state.is_open());
        let mut loads = vec![
            Load::of(&self.people),
            Load::of(&self.providers),
            Load::of(schedules.collect::<anyhow::Result<Vec<_>>>()?),
            Load::of(&self.services),
            Load::of(&self.favourites),
            Load::of(&self.bookings),
            Load::of(history),
            Load::of(open.map(ReservationRow)),
        ];
        loads.retain(|load| load.rows > 0);
        Ok(loads)
    }
}

/// Makes all batches, customers first, until `take` has enough.
pub(crate) fn each(
    world: &World,
    mut take: impl FnMut(Batch) -> anyhow::Result<ControlFlow<()>>,
) -> anyhow::Result<()> {
    let mut batch = Batch::default();
    for country in Country::ALL {
        for number in 0..world.customers(country) {
            batch.people.push(people::customer(world, country, number));
            if batch.people.len() == PEOPLE_A_BATCH && take(finished(&mut batch))?.is_break() {
                return Ok(());
            }
        }
    }
    if take(finished(&mut batch))?.is_break() {
        return Ok(());
    }
    let mut references = References::new(world.seed);
    for number in 0..world.providers {
        let mut business = providers::business(world, number)?;
        for booking in &mut business.bookings {
            booking.reference = references.next();
        }
        batch.add(business);
        let is_full = (number + 1).is_multiple_of(PROVIDERS_A_BATCH) || number + 1 == world.providers;
        if is_full && take(finished(&mut batch))?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}

fn finished(batch: &mut Batch) -> Batch {
    let mut batch = std::mem::take(batch);
    batch.sort();
    batch
}

/// Short names for bookings, like `SB-7K3M9Q`: a permutation of 30 bits, so none comes twice.
struct References {
    count: u64,
    offset: u64,
}

impl References {
    const MASK: u64 = (1 << 30) - 1;

    fn new(seed: u64) -> Self {
        Self { count: 0, offset: seed.wrapping_mul(0x9E37_79B9) }
    }

    fn next(&mut self) -> String {
        let mut bits = self.count.wrapping_add(self.offset) & Self::MASK;
        self.count += 1;
        for odd in [0x2C1B_3C6D, 0x297A_2D39, 0x1B56_C4E9] {
            bits = bits.wrapping_mul(odd) & Self::MASK;
            bits ^= bits >> 15;
        }
        let letters = (0..6).rev().map(|place| crockford((bits >> (place * 5)) & 31));
        std::iter::once("SB-".to_owned()).chain(letters.map(String::from)).collect()
    }
}

/// Digits and letters without I, L, O and U, which are misread or spell words.
fn crockford(digit: u64) -> char {
    const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    ALPHABET.chars().nth(usize::try_from(digit).unwrap_or(0)).unwrap_or('0')
}
