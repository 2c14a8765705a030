//! How much a client may say: 20 frames a second, and 40 at once.

use tokio::time::Instant;

/// In thousandths of a frame.
const MOST: u64 = 40_000;
/// Thousandths of a frame in a millisecond.
const EARNED: u64 = 20;
const FRAME: u64 = 1000;

/// What is left of it.
#[derive(Debug)]
pub struct Allowance {
    left: u64,
    at: Instant,
}

impl Allowance {
    /// All of it.
    pub fn new(now: Instant) -> Self {
        Self { left: MOST, at: now }
    }

    /// Takes one frame; `false` where nothing is left.
    pub fn take(&mut self, now: Instant) -> bool {
        let passed = u64::try_from(now.duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        if passed > 0 {
            self.left = self.left.saturating_add(passed.saturating_mul(EARNED)).min(MOST);
            self.at = now;
        }
        let left = self.left.checked_sub(FRAME);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn forty_at_once_and_twenty_a_second() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let taken = (0..100).filter(|_| allowance.take(start)).count();
        assert_eq!(taken, 40);
        let second = start + Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| allowance.take(second)).count(), 20);
        let hour = start + Duration::from_hours(1);
        assert_eq!((0..100).filter(|_| allowance.take(hour)).count(), 40);
    }
}
