//! A provider's bookings: half days of the past and of the coming weeks, filled one by one.
use crate::{
    addresses,
    chance::{Chance, Subject},
    history::{self, Span},
    hours::Hours,
    popularity,
    providers::Setting,
    rows::{Booking, Provider, Rating, Record, Service, State},
    time::{DAY, HOUR, MINUTE},
    world::Customer,
};

/// The platform's share, in hundredths of a percent.
pub(crate) const COMMISSION_BPS: i32 = 1500;
/// Longer than any notice that a schedule or a service asks for, so that every booking keeps to it.
const SHORTEST_LEAD: i64 = 50 * HOUR;
const LONGEST_LEAD: i64 = 20 * DAY;
/// Nobody books further ahead than this in the demo.
const UPCOMING_DAYS: i64 = 35;
/// Providers up to this number sometimes work for the fixed customers.
const NEAR_THE_FRONT: u64 = 40;

/// Books the provider's half days, oldest first, and adds up what came of it, there and in the services.
pub(crate) fn fill(
    setting: &Setting,
    provider: &Provider,
    hours: &Hours,
    services: &mut [Service],
) -> anyhow::Result<(Vec<Booking>, Record)> {
    let mut chance = setting.world.chance(Subject::Bookings, setting.number);
    let mut bookings = Vec::new();
    let halves = booked_halves(setting, provider, hours, services.len(), &mut chance);
    for (number, is_second) in halves.into_iter().zip([false, true].into_iter().cycle()) {
        let visit = Visit { setting, provider, hours, services, is_second };
        bookings.extend(visit.draw(number, &mut chance)?);
    }
    let record = add_up(setting, &bookings, services, &mut chance);
    Ok((bookings, record))
}

/// Which half days are booked: spread over the years, at most one booking in each.
fn booked_halves(
    setting: &Setting,
    provider: &Provider,
    hours: &Hours,
    services: usize,
    chance: &mut Chance,
) -> Vec<i64> {
    let first = hours.first_half_from(provider.created_at.div_euclid(DAY) + 3);
    let today = hours.first_half_from(setting.zone.today);
    let end = hours.first_half_from(setting.zone.today + UPCOMING_DAYS);
    let luck = chance.between(0, 1000);
    let fame = if setting.is_fixed { 160 } else { 36 + 210 * luck * luck / 1_000_000 };
    let wanted = i64::try_from(services).unwrap_or(0) * fame / 10;
    let past = spread(first..today, wanted.min((today - first) * 8 / 10), chance);
    let ahead = if setting.is_fixed { 9 } else { chance.between(0, 3) };
    let ahead = spread(today..end, ahead, chance);
    past.into_iter().chain(ahead).collect()
}

/// `count` numbers of the range, one from each of as many equal parts; where two meet, one is dropped.
fn spread(range: std::ops::Range<i64>, count: i64, chance: &mut Chance) -> Vec<i64> {
    let length = range.end - range.start;
    let mut numbers: Vec<i64> = (0..count)
        .map(|part| range.start + (part * length + chance.between(0, length - 1)) / count)
        .collect();
    numbers.dedup();
    numbers
}

struct Visit<'a> {
    setting: &'a Setting<'a>,
    provider: &'a Provider,
    hours: &'a Hours,
    services: &'a [Service],
    /// Whether this is every other booking.
    is_second: bool,
}

impl Visit<'_> {
    /// A booking in that half day, if it is a working day and a service fits.
    fn draw(&self, number: i64, chance: &mut Chance) -> anyhow::Result<Option<Booking>> {
        let Some((day, half)) = self.hours.half(number) else { return Ok(None) };
        let evening = self.setting.zone.instant(day, half.closes);
        let Some(service) = self.service(evening, chance) else { return Ok(None) };
        let minutes = i64::from(service.duration_minutes);
        let latest = half.closes - minutes;
        if latest < half.opens {
            return Ok(None);
        }
        // Half hours are on every provider's grid.
        let starts_at = self.setting.zone.instant(day, chance.between(half.opens / 30, latest / 30) * 30);
        let span = Span { starts_at, ends_at: starts_at + minutes * MINUTE, now: self.setting.world.now };
        let state = history::outcome(span, self.hours.auto_accept, chance);
        let created_at = created_at(span, state, service, chance);
        if created_at + 26 * HOUR > starts_at && span.is_past() {
            return Ok(None);
        }
        self.booking(service, span, state, created_at, chance).map(Some)
    }

    /// One of the services that were offered at that time, by appeal.
    fn service(&self, evening: i64, chance: &mut Chance) -> Option<&Service> {
        let offered = |service: &&Service| {
            service.created_at + 3 * DAY < evening && (service.is_active || evening < service.updated_at)
        };
        let offered: Vec<_> = self.services.iter().filter(offered).collect();
        let appeal = offered.iter().map(|service| service.appeal).sum::<u64>();
        if appeal == 0 {
            return None;
        }
        let mut point = chance.below(appeal);
        offered.into_iter().find(|service| match point.checked_sub(service.appeal) {
            Some(rest) => {
                point = rest;
                false
            }
            None => true,
        })
    }

    fn customer(&self, created_at: i64, is_ahead: bool, chance: &mut Chance) -> Customer {
        let country = self.provider.country;
        let share = match (self.setting.is_fixed, is_ahead) {
            (true, true) if self.is_second => 100,
            (true, _) => 30,
            _ if self.setting.number < NEAR_THE_FRONT => 3,
            _ => 0,
        };
        if chance.percent(share) {
            self.setting.world.first_customer(country)
        } else {
            self.setting.world.customer_by(country, created_at, chance)
        }
    }

    fn booking(
        &self,
        service: &Service,
        span: Span,
        state: State,
        created_at: i64,
        chance: &mut Chance,
    ) -> anyhow::Result<Booking> {
        let world = self.setting.world;
        let phrases = &world.texts.phrases;
        let language = self.setting.language();
        let instantly = self.hours.auto_accept;
        let notes = if chance.percent(30) { chance.pick(&phrases.notes).to(language) } else { "" };
        let customer = self.customer(created_at, !span.is_past(), chance);
        Ok(Booking {
            id: chance.id_at(created_at),
            reference: String::new(),
            customer_id: customer.id,
            provider_id: self.provider.id,
            service_id: service.id,
            state,
            timezone: self.setting.zone.name,
            starts_at: span.starts_at,
            ends_at: span.ends_at,
            respond_by: (!instantly).then(|| span.respond_by(created_at)),
            service_title: service.title.clone(),
            price_minor: service.price_minor,
            credits_required: service.credits_required,
            currency: service.currency,
            duration_minutes: service.duration_minutes,
            buffer_before_minutes: self.hours.buffer_before_minutes,
            buffer_after_minutes: self.hours.buffer_after_minutes,
            cancellation_policy: service.cancellation_policy,
            books_instantly: instantly,
            notes: notes.to_owned(),
            address: addresses::near(&world.texts, service, self.provider.country, chance)?,
            history: history::events(span, state, created_at, instantly, phrases, language, chance),
            created_at,
        })
    }
}

fn created_at(span: Span, state: State, service: &Service, chance: &mut Chance) -> i64 {
    let wanted = match state {
        // Within the day that the provider has for an answer.
        State::PendingAcceptance => span.now - chance.between(10 * MINUTE, 20 * HOUR),
        _ => span.starts_at - chance.between(SHORTEST_LEAD, LONGEST_LEAD),
    };
    let latest = span.now - chance.between(12 * HOUR, 9 * DAY);
    let wanted = if wanted > span.now { latest } else { wanted };
    wanted.max(service.created_at + HOUR)
}

fn add_up(setting: &Setting, bookings: &[Booking], services: &mut [Service], chance: &mut Chance) -> Record {
    let mut record = Record::default();
    let delighted = chance.between(45, 85).unsigned_abs();
    let mut recent = vec![0.0; services.len()];
    for booking in bookings {
        count(booking, &mut record);
        if booking.state != State::Completed {
            continue;
        }
        let stars = stars(delighted, chance);
        let of_this = |(service, _): &(&mut Service, &mut f64)| service.id == booking.service_id;
        let Some((service, recent)) = services.iter_mut().zip(&mut recent).find(of_this) else { continue };
        add(recent, popularity::weight(booking.updated_at(), setting.world.now));
        if let Some(stars) = stars {
            for rating in [&mut service.rating, &mut record.rating] {
                *rating = Rating { sum: rating.sum + stars, count: rating.count + 1 };
            }
        }
    }
    for (service, recent) in services.iter_mut().zip(recent) {
        service.popularity = popularity::of(recent, service.rating);
    }
    record
}

#[expect(clippy::float_arithmetic, reason = "popularity is a ranking, not money")]
fn add(sum: &mut f64, more: f64) {
    *sum += more;
}

fn count(booking: &Booking, record: &mut Record) {
    match booking.state {
        State::Completed => record.jobs_completed += 1,
        State::CancelledByProvider | State::NoShowProvider => record.jobs_cancelled += 1,
        _ => {}
    }
    if booking.books_instantly {
        return;
    }
    record.requests_received += 1;
    if let Some(answered_at) = history::answered_at(&booking.history) {
        record.requests_answered += 1;
        record.response_minutes_sum += (answered_at - booking.created_at) / MINUTE;
    }
}

/// Six of ten customers leave a rating, and most of them a good one.
fn stars(delighted: u64, chance: &mut Chance) -> Option<i32> {
    if !chance.percent(60) {
        return None;
    }
    Some(if chance.percent(delighted) { 5 } else { *chance.pick(&[4, 4, 4, 4, 4, 3, 3, 2, 1]) })
}
