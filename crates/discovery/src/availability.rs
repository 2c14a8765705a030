//! Which of some services can be booked on a day, by the same arithmetic that offers their slots.

use std::collections::HashSet;

use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use platform::{app::App, error::ApiResult, ids::ServiceId, time::Instant};
use scheduling::{ServiceDuration, Window, free_slots};

use crate::{
    keys::{Found, Key},
    query::{Search, Slice},
    store::{self, Offer},
};

/// Services looked at in one go.
const BATCH: i64 = 60;
/// Goes before a page is left as it is.
const MAX_BATCHES: usize = 8;

/// What was found for a page.
pub(crate) struct Bookable {
    pub found: Vec<Found>,
    /// Where the search was left before the page was full; `None` where it is, or the list has ended.
    pub stopped: Option<Key>,
}

/// Walks the list and keeps what can be booked on `date`, until the page is full or enough has been looked at.
pub(crate) async fn find(app: &App, search: &Search<'_>, slice: Slice, date: Date) -> ApiResult<Bookable> {
    let wanted = usize::try_from(slice.limit + slice.offset).unwrap_or(usize::MAX);
    let mut at = Slice { limit: BATCH, offset: 0, ..slice };
    let mut found: Vec<Found> = Vec::new();
    for _ in 0..MAX_BATCHES {
        let mut batch = search.run(&app.db, at, false).await?;
        let is_end = i64::try_from(batch.len()).unwrap_or(BATCH) < BATCH;
        let last = batch.last().map(|last| last.key);
        let ids: Vec<ServiceId> = batch.iter().map(|found| found.row.id).collect();
        let bookable = bookable(app, &ids, date).await?;
        batch.retain(|found| bookable.contains(&found.row.id));
        found.extend(batch);
        if found.len() >= wanted || is_end {
            return Ok(Bookable { found: cut(found, slice), stopped: None });
        }
        at.key = last.or(at.key);
    }
    Ok(Bookable { found: cut(found, slice), stopped: at.key })
}

fn cut(found: Vec<Found>, slice: Slice) -> Vec<Found> {
    let [offset, limit] = [slice.offset, slice.limit].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    found.into_iter().skip(offset).take(limit).collect()
}

/// Which of these services have a free slot on the date, as their providers' calendars name it.
async fn bookable(app: &App, ids: &[ServiceId], date: Date) -> ApiResult<HashSet<ServiceId>> {
    let now = app.clock.now();
    // Wherever the provider is, their day lies within these; and a service may run into the next days.
    let midnight = date.to_zoned(TimeZone::UTC).map_or(now, |start| Instant::new(start.timestamp()));
    let (from, until) =
        (midnight.minus(SignedDuration::from_hours(48)), midnight.plus(SignedDuration::from_hours(96)));
    let offers = store::offers(&app.db, ids, from, until).await?;
    let mut free = HashSet::new();
    for offer in offers {
        if let Some(id) = is_free(offer, date, now)? {
            free.insert(id);
        }
    }
    Ok(free)
}

fn is_free(offer: Offer, date: Date, now: Instant) -> anyhow::Result<Option<ServiceId>> {
    let schedule = offer.schedule.into_schedule()?;
    let window = Window::parse(date, date)?;
    let duration = ServiceDuration::from_minutes(offer.duration_minutes.into())?;
    let slots = free_slots(&schedule, duration, &offer.busy, window, now.timestamp());
    Ok((!slots.is_empty()).then_some(offer.service_id))
}
