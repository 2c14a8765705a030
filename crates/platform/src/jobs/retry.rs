//! When a job that failed is tried again, and how often.

use jiff::SignedDuration;

/// The longest pause between two tries, in seconds.
const MAX_PAUSE: i64 = 3600;

/// The pause after so many tries, in seconds: 2, 4, 8 …, at most an hour.
const fn pause_seconds(attempts: i16) -> i64 {
    let exponent = if attempts < 1 { 1 } else { attempts };
    if exponent > 11 { MAX_PAUSE } else { 1 << exponent }
}

/// The pause after so many tries, and up to a quarter more, so that jobs which failed together do not come back together.
pub(super) fn pause(attempts: i16, id: i64) -> SignedDuration {
    let millis = 1000 * pause_seconds(attempts);
    let spread = id.wrapping_mul(7919).rem_euclid(millis / 4 + 1);
    SignedDuration::from_millis(millis + spread)
}

/// How many tries it takes to go on for so long at least; for [`super::Job::MAX_ATTEMPTS`].
pub const fn attempts_within(window: SignedDuration) -> i16 {
    let (mut attempts, mut seconds) = (1, 0);
    while seconds < window.as_secs() && attempts < i16::MAX {
        seconds += pause_seconds(attempts);
        attempts += 1;
    }
    attempts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        assert!(
            pause(1, 1) >= SignedDuration::from_secs(2) && pause(1, 1) <= SignedDuration::from_millis(2500)
        );
        assert!((1..30).all(|n| pause(n, 5) <= SignedDuration::from_mins(75)));
        assert!(pause(30, 1) >= SignedDuration::from_hours(1));
    }

    #[test]
    fn so_many_tries_last_for_a_time() {
        let lasts = |attempts: i16| (1..attempts).map(pause_seconds).sum::<i64>();
        for window in [1, 60, 1022, 3600, 48 * 3600] {
            let attempts = attempts_within(SignedDuration::from_secs(window));
            assert!(lasts(attempts) >= window && lasts(attempts - 1) < window, "{window}");
        }
        assert_eq!(attempts_within(SignedDuration::from_secs(1022)), 10);
    }
}
