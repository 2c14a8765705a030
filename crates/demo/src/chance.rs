//! Seeded chance: numbers that are the same on every machine and in every version, which libraries do not promise.
use uuid::Uuid;

/// What a stream of chance decides about; each thing has its own, so that one more draw for a service moves no booking.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    Customer(u32),
    Provider,
    Schedule,
    Services,
    Bookings,
    Favourites,
    Category,
}

impl Subject {
    fn salt(self) -> u64 {
        match self {
            Self::Customer(country) => 0x10 + u64::from(country),
            Self::Provider => 0x20,
            Self::Schedule => 0x30,
            Self::Services => 0x40,
            Self::Bookings => 0x50,
            Self::Favourites => 0x60,
            Self::Category => 0x70,
        }
    }
}

/// A stream of chance (`SplitMix64`: 64 bits of state, passes the usual batteries, eight lines).
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    pub(crate) fn of(seed: u64, subject: Subject, index: u64) -> Self {
        let mut chance = Self { state: seed ^ subject.salt().wrapping_mul(0xD6E8_FEB8_6659_FD93) };
        chance.state = chance.bits() ^ index.wrapping_mul(0xA076_1D64_78BD_642F);
        chance.state = chance.bits();
        chance
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which must not be zero.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(u64::MAX)
    }

    /// A number from `low` to `high`, both included; `low` where the span is empty.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        low.saturating_add_unsigned(self.below(span + 1))
    }

    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of `items`, which must not be empty.
    #[expect(clippy::indexing_slicing, reason = "the index is below the length")]
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(length)).unwrap_or(0)
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    /// From 0 to just below 1.
    #[expect(clippy::float_arithmetic, reason = "geometry starts here")]
    pub(crate) fn unit(&mut self) -> f64 {
        let high = u32::try_from(self.bits() >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// A `UUIDv7` for something made at that time.
    pub(crate) fn id_at(&mut self, micros: i64) -> Uuid {
        let millis = u64::try_from(micros.div_euclid(1000)).unwrap_or(0);
        let drawn = (u128::from(self.bits()) << 64 | u128::from(self.bits())).to_be_bytes();
        let mut random = [0; 10];
        random.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
