//! A first payment that is unusually large waits for a person.

use platform::{
    app::App,
    auth::Caller,
    error::ApiResult,
    ids::{BookingId, UserId},
    money::Currency,
    time::Instant,
};
use serde::Serialize;

use crate::{model::PaymentError, store::reviews as store};

/// How a review stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = PaymentReviewStatus)]
pub(crate) enum ReviewState {
    /// Nobody has looked.
    Waiting,
    /// It may be paid.
    Allowed,
    /// It may not.
    Refused,
}

/// A review as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub(crate) booking_id: BookingId,
    pub(crate) user_id: UserId,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) state: ReviewState,
    pub(crate) decided_by: Option<UserId>,
    pub(crate) created_at: Instant,
    pub(crate) decided_at: Option<Instant>,
}

/// Lets a booking of the caller's be paid, unless they have never paid before and it costs more than the installation's
/// limit: then a person looks at it first.
pub(crate) async fn look(app: &App, caller: &Caller, booking: BookingId) -> ApiResult<()> {
    let limit = i64::from(app.settings.market.first_payment_limit);
    if limit == 0 {
        return Ok(());
    }
    let mut db = app.db.acquire().await?;
    match store::ask(&mut db, booking, caller.id, limit, app.clock.now()).await? {
        None | Some(ReviewState::Allowed) => Ok(()),
        Some(ReviewState::Waiting) => Err(PaymentError::PaymentNeedsReview.into()),
        Some(ReviewState::Refused) => Err(PaymentError::NotPayable.into()),
    }
}
