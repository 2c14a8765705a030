//! First payments that are unusually large.

use axum::Json;
use garde::Validate;
use platform::{
    app::App,
    auth::Staff,
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    ids::{BookingId, UserId},
    money::{Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::{
    review::{Review, ReviewState},
    store::reviews as store,
};

/// What is decided.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
pub(in crate::routes) struct Verdict {
    /// `false`: it cannot be paid.
    #[garde(skip)]
    allow: bool,
}

/// A payment that waits for a person.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PaymentReview)]
pub(in crate::routes) struct ReviewView {
    booking_id: BookingId,
    user_id: UserId,
    amount: Money,
    currency: Currency,
    status: ReviewState,
    decided_by: Option<UserId>,
    created_at: Instant,
    decided_at: Option<Instant>,
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        Self {
            booking_id: review.booking_id,
            user_id: review.user_id,
            amount: Money::new(review.amount_minor, review.currency),
            currency: review.currency,
            status: review.state,
            decided_by: review.decided_by,
            created_at: review.created_at,
            decided_at: review.decided_at,
        }
    }
}

/// First payments that wait for a person: for finance.
#[utoipa::path(get, path = "/admin/payments/reviews/", tag = "payments", operation_id = "list_payment_reviews",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "Those that wait, the oldest first.", body = Page<ReviewView>),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(in crate::routes) async fn list_reviews(
    app: App,
    staff: Staff,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<ReviewView>>> {
    staff.of_finance()?;
    let found = store::waiting(&mut *app.db.acquire().await?).await?;
    Ok(Json(page.slice(link, found.into_iter().map(ReviewView::from).collect(), |review: &ReviewView| {
        review.booking_id.to_string()
    })?))
}

/// Allow a first payment, or refuse it: for finance. An allowed booking can be paid as any other.
#[utoipa::path(put, path = "/admin/payments/reviews/{id}/", tag = "payments", operation_id = "decide_payment_review",
    security(("bearer" = [])), params(("id" = BookingId, Path)), request_body = Verdict,
    responses((status = OK, description = "The decision, which may be changed.", body = ReviewView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(in crate::routes) async fn decide_review(
    app: App,
    staff: Staff,
    Path(id): Path<BookingId>,
    Valid(body): Valid<Verdict>,
) -> ApiResult<Json<ReviewView>> {
    staff.of_finance()?;
    let state = if body.allow { ReviewState::Allowed } else { ReviewState::Refused };
    let (mut db, now) = (app.db.acquire().await?, app.clock.now());
    let decided = store::decide(&mut db, id, state, staff.caller.id, now).await?;
    Ok(Json(ReviewView::from(decided.ok_or_else(ApiError::not_found)?)))
}
