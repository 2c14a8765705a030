//! What cancelling pays back: three policies, in elapsed hours before the start.

use jiff::SignedDuration;
use platform::time::Instant;
use serde::{Deserialize, Serialize};

use crate::model::State;

/// A provider's promise, copied into each booking.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = CancellationPolicy)]
pub enum Policy {
    /// Everything until a day before, then half.
    Flexible,
    /// Everything until three days before, half until a day before, then nothing.
    Moderate,
    /// Half until seven days before, then nothing.
    Strict,
}

/// From so many hours before the start, cancelling pays back so many percent.
type Tier = (i64, i64);

impl Policy {
    /// The latest tier last.
    const fn tiers(self) -> (&'static [Tier], i64) {
        match self {
            Self::Flexible => (&[(24, 100)], 50),
            Self::Moderate => (&[(72, 100), (24, 50)], 0),
            Self::Strict => (&[(168, 50)], 0),
        }
    }

    /// Until when cancelling pays everything back.
    pub fn free_until(self, starts_at: Instant) -> Option<Instant> {
        let (tiers, _) = self.tiers();
        let free = tiers.iter().find(|(_, percent)| *percent == 100);
        free.map(|(hours, _)| starts_at.minus(SignedDuration::from_hours(*hours)))
    }

    /// The share that goes back now, and until when (inclusively) it stays so.
    fn now(self, starts_at: Instant, now: Instant) -> (i64, Instant) {
        let (tiers, last) = self.tiers();
        let bounds = tiers
            .iter()
            .map(|(hours, percent)| (starts_at.minus(SignedDuration::from_hours(*hours)), *percent));
        // The boundary counts as before.
        let tier = bounds.into_iter().find(|(until, _)| now <= *until);
        tier.map_or((last, starts_at), |(until, percent)| (percent, until))
    }
}

/// Why so much goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum RefundReason {
    /// The provider, or the house, cancels.
    NotByCustomer,
    /// The provider has not agreed yet.
    NotConfirmed,
    /// The booking's policy says so.
    Policy,
}

impl RefundReason {
    /// The customer answers for what they call off, and for not being there.
    pub(crate) fn of(end: State) -> Self {
        match end {
            State::CancelledByCustomer | State::NoShowCustomer => Self::Policy,
            State::Withdrawn => Self::NotConfirmed,
            _ => Self::NotByCustomer,
        }
    }
}

/// What somebody who ends a booking causes to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) percent: i64,
    pub(crate) reason: RefundReason,
    /// Until then, inclusively, the answer is the same.
    pub(crate) valid_until: Instant,
}

/// The rule for all three policies and everybody. Of a booking that its customer has moved at least `min_kept_percent`
/// is kept.
pub(crate) fn refund(
    policy: Policy,
    reason: RefundReason,
    min_kept_percent: i64,
    starts_at: Instant,
    now: Instant,
) -> Refund {
    let (percent, valid_until) = policy.now(starts_at, now);
    match reason {
        RefundReason::Policy => Refund { percent: percent.min(100 - min_kept_percent), reason, valid_until },
        RefundReason::NotByCustomer | RefundReason::NotConfirmed => {
            Refund { percent: 100, reason, valid_until: starts_at.max(now) }
        }
    }
}

/// That share of an amount, to the cent; half a cent goes to the customer.
pub(crate) fn share(minor: i64, percent: i64) -> i64 {
    let share = (i128::from(minor) * i128::from(percent) + 50).div_euclid(100);
    i64::try_from(share).unwrap_or(minor)
}
