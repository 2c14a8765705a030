//! What comes first: the formulas behind popularity, rating and the directory of providers.
//!
//! PostgreSQL computes them (the migrations and [`crate::jobs`] have the same formulas in SQL); these are
//! what the SQL is checked against, and where they are explained.
#![cfg(test)]
#![expect(clippy::float_arithmetic, reason = "a ranking, not money")]

/// Ratings that everybody is given in advance, so that one happy customer does not outshine fifty.
const IMAGINED_RATINGS: f64 = 5.0;
/// What those ratings are: about the mean of all.
const IMAGINED_STARS: f64 = 4.2;

/// The Bayesian mean of ratings from 1 to 5.
pub(crate) fn bayesian_mean(sum: i32, count: i32) -> f64 {
    (IMAGINED_RATINGS * IMAGINED_STARS + f64::from(sum)) / (IMAGINED_RATINGS + f64::from(count))
}

/// By which `-rating` orders: unrated services come last.
pub(crate) fn rating_rank(sum: i32, count: i32) -> f64 {
    if count == 0 { 0.0 } else { bayesian_mean(sum, count) }
}

/// Bookings completed in the last 90 days, each worth half as much for every 30 days since, times the
/// Bayesian mean of the ratings.
pub(crate) fn popularity(days_since_completion: &[f64], rating_sum: i32, rating_count: i32) -> f64 {
    let recent = days_since_completion.iter().filter(|days| (0.0..90.0).contains(*days));
    let recent: f64 = recent.map(|days| (-days / 30.0).exp2()).sum();
    recent * bayesian_mean(rating_sum, rating_count)
}

/// What a provider has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record {
    pub rating_sum: i32,
    pub rating_count: i32,
    pub completed: i32,
    pub cancelled: i32,
    pub received: i32,
    pub answered: i32,
    pub minutes: i32,
}

/// By which the directory orders, from 0 to 1: six tenths for the rating, a quarter for keeping what was
/// agreed, the rest for answering requests, and quickly. Beginners stand at what is usual.
pub(crate) fn provider_rank(record: Record) -> f64 {
    let completion =
        (f64::from(record.completed) + 9.0) / (f64::from(record.completed + record.cancelled) + 10.0);
    let answered = f64::from(record.answered);
    let answers = (answered + 4.0) / (f64::from(record.received.max(record.answered)) + 5.0);
    let minutes = (f64::from(record.minutes) + 600.0) / (answered + 5.0);
    0.60 * bayesian_mean(record.rating_sum, record.rating_count) / 5.0
        + 0.25 * completion
        + 0.15 * answers * 240.0 / (240.0 + minutes)
}

mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fifty_good_ratings_outshine_one_perfect_one() {
        assert!(rating_rank(50 * 5 - 10, 50) > rating_rank(5, 1));
        assert!(rating_rank(1, 1) > rating_rank(0, 0));
    }

    #[test]
    fn a_booking_counts_half_after_a_month_and_nothing_after_three() {
        assert!((popularity(&[0.0], 0, 0) - 4.2).abs() < 1e-9);
        assert!((popularity(&[30.0], 0, 0) - 2.1).abs() < 1e-9);
        assert!(popularity(&[90.0], 0, 0).abs() < 1e-9);
    }

    #[test]
    fn keeping_appointments_and_answering_quickly_lift_a_provider() {
        let usual = Record {
            rating_sum: 45,
            rating_count: 10,
            completed: 20,
            received: 30,
            answered: 28,
            minutes: 28 * 60,
            ..Record::default()
        };
        let cancels = Record { cancelled: 10, ..usual };
        let slow = Record { minutes: 28 * 1440, ..usual };
        let silent = Record { received: 90, ..usual };
        for worse in [cancels, slow, silent] {
            assert!(provider_rank(worse) < provider_rank(usual), "{worse:?}");
        }
    }

    proptest! {
        #[test]
        fn ranks_stay_between_nothing_and_one(
            count in 0..1000_i32, stars in 1..=5_i32, completed in 0..1000_i32, cancelled in 0..1000_i32,
            received in 0..1000_i32, answered in 0..1000_i32, minutes in 0..1_000_000_i32,
        ) {
            let rank = provider_rank(Record { rating_sum: stars * count, rating_count: count, completed, cancelled, received, answered, minutes });
            prop_assert!((0.0..=1.0).contains(&rank), "{rank}");
        }
    }
}
