//! What no member of staff decides alone: one asks, another one decides.

use jiff::SignedDuration;
use platform::{
    error::{ApiError, ApiResult, Kind},
    ids::{LotId, PaymentId, RefundId, RefundRequestId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use serde::{Deserialize, Serialize};

/// What waits longer for a second person has expired.
pub(crate) const APPROVAL_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
/// One person of finance gives back so much of a payment alone, whole units of its currency.
const SOLO_REFUND_LIMIT_UNITS: i64 = 100;

/// Whether a refund by finance needs a second person, where so much of the payment was given back without one before:
/// many small refunds are one large one.
pub(crate) fn needs_approval(given_alone_minor: i64, amount: Money) -> bool {
    let limit = SOLO_REFUND_LIMIT_UNITS.saturating_mul(10_i64.saturating_pow(amount.currency.exponent()));
    given_alone_minor.saturating_add(amount.minor) > limit
}

/// Something that waits for a second person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposal {
    pub(crate) by: UserId,
    pub(crate) is_open: bool,
    pub(crate) expires_at: Instant,
}

impl Proposal {
    /// Whether `person` may decide on it now.
    pub(crate) fn check(&self, person: UserId, now: Instant) -> ApiResult<()> {
        if !self.is_open {
            return Err(ApiError::new(Kind::Conflict, "decided_already"));
        }
        if self.expires_at <= now {
            return Err(ApiError::new(Kind::Conflict, "approval_expired"));
        }
        if self.by == person {
            return Err(ApiError::new(Kind::Forbidden, "second_person_required"));
        }
        Ok(())
    }
}

/// How far a request is.
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
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = RefundRequestStatus)]
pub(crate) enum RefundRequestState {
    /// Somebody else of finance has to decide.
    PendingApproval,
    /// The refund was made.
    Approved,
    /// There is no refund.
    Rejected,
    /// Nobody decided in time; never stored.
    Expired,
}

/// A request as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct RefundRequest {
    pub(crate) id: RefundRequestId,
    pub(crate) payment_id: PaymentId,
    pub(crate) lot_id: Option<LotId>,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) reason: String,
    pub(crate) state: RefundRequestState,
    pub(crate) requested_by: UserId,
    pub(crate) decided_by: Option<UserId>,
    pub(crate) refund_id: Option<RefundId>,
    pub(crate) created_at: Instant,
    pub(crate) expires_at: Instant,
    pub(crate) decided_at: Option<Instant>,
}

impl RefundRequest {
    /// A new one.
    pub(crate) fn new(
        payment_id: PaymentId,
        lot_id: Option<LotId>,
        amount: Money,
        (requested_by, reason): (UserId, &str),
        now: Instant,
    ) -> Self {
        Self {
            id: RefundRequestId::at(now),
            payment_id,
            lot_id,
            amount_minor: amount.minor,
            currency: amount.currency,
            reason: reason.to_owned(),
            state: RefundRequestState::PendingApproval,
            requested_by,
            decided_by: None,
            refund_id: None,
            created_at: now,
            expires_at: now.plus(APPROVAL_WINDOW),
            decided_at: None,
        }
    }

    /// How far it is by now.
    pub(crate) fn state_at(&self, now: Instant) -> RefundRequestState {
        match self.state {
            RefundRequestState::PendingApproval if self.expires_at <= now => RefundRequestState::Expired,
            state => state,
        }
    }

    pub(crate) fn proposal(&self) -> Proposal {
        Proposal {
            by: self.requested_by,
            is_open: self.state == RefundRequestState::PendingApproval,
            expires_at: self.expires_at,
        }
    }

    /// The decision of a second person; `refund`: what was made of it.
    pub(crate) fn decide(&mut self, by: UserId, refund: Option<RefundId>, now: Instant) {
        self.state = match refund {
            Some(_) => RefundRequestState::Approved,
            None => RefundRequestState::Rejected,
        };
        (self.decided_by, self.decided_at, self.refund_id) = (Some(by), Some(now), refund);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_units_of_a_payment_is_what_one_person_gives_back() {
        let yen = Currency::parse("JPY").unwrap();
        for (alone, minor, currency, expected) in [
            (0, 10_000, Currency::EUR, false),
            (0, 10_001, Currency::EUR, true),
            (6_000, 4_000, Currency::EUR, false),
            (6_000, 4_001, Currency::EUR, true),
            (0, 100, yen, false),
            (0, 101, yen, true),
            (i64::MAX, 1, Currency::EUR, true),
        ] {
            assert_eq!(needs_approval(alone, Money::new(minor, currency)), expected, "{alone} {minor}");
        }
    }
}
