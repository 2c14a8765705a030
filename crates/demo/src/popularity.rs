//! Popularity of a service in one number.
//!
//! `popularity = recent × rating`, where `recent` counts the bookings completed in the last 90 days, each
//! worth half as much for every 30 days since its end, and `rating` is the mean of all ratings and five
//! imagined ones of 4.2 stars, so that one happy customer does not outshine fifty.
#![expect(clippy::float_arithmetic, reason = "a ranking, not money")]
use crate::{rows::Rating, time::DAY};

const WINDOW: i64 = 90 * DAY;
const HALF_LIFE_DAYS: f64 = 30.0;
const IMAGINED_RATINGS: f64 = 5.0;
const IMAGINED_STARS: f64 = 4.2;

/// What a booking completed then adds to `recent`.
pub(crate) fn weight(completed_at: i64, now: i64) -> f64 {
    let age = now - completed_at;
    if !(0..=WINDOW).contains(&age) {
        return 0.0;
    }
    let minutes = i32::try_from(age / crate::time::MINUTE).unwrap_or(i32::MAX);
    (-f64::from(minutes) / (24.0 * 60.0 * HALF_LIFE_DAYS)).exp2()
}

pub(crate) fn of(recent: f64, rating: Rating) -> f32 {
    let stars = (IMAGINED_RATINGS * IMAGINED_STARS + f64::from(rating.sum))
        / (IMAGINED_RATINGS + f64::from(rating.count));
    narrow(recent * stars)
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "`real` is what the column holds"
)]
fn narrow(value: f64) -> f32 {
    value as f32
}
