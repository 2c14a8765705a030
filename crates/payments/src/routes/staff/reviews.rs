//! First payments that are unusually large.

use axum::{Json, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Finance,
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{BookingId, UserId},
    money::{Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

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

/// First payments that wait for a person, none of one's own bookings: for finance.
#[utoipa::path(get, path = "/admin/payments/reviews/", tag = "payments", operation_id = "list_payment_reviews",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "Those that wait, the oldest first.", body = Page<ReviewView>),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(in crate::routes) async fn list_reviews(
    app: App,
    Finance(staff): Finance,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<ReviewView>>> {
    let found = store::waiting(&mut *app.db.acquire().await?, staff.caller.id).await?;
    Ok(Json(page.slice(link, found.into_iter().map(ReviewView::from).collect(), |review: &ReviewView| {
        review.booking_id.to_string()
    })?))
}

/// Allow a first payment, or refuse it: for finance. An allowed booking can be paid as any other.
#[utoipa::path(put, path = "/admin/payments/reviews/{id}/", tag = "payments", operation_id = "decide_payment_review",
    security(("bearer" = [])), params(("id" = BookingId, Path)), request_body = Verdict,
    responses((status = OK, description = "The decision, which may be changed.", body = ReviewView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `own_matter`: a booking of theirs.")))]
pub(in crate::routes) async fn decide_review(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<BookingId>,
    write: Write,
    Valid(body): Valid<Verdict>,
) -> ApiResult<Response> {
    let state = if body.allow { ReviewState::Allowed } else { ReviewState::Refused };
    let mut tx = staff.begin(write).await?;
    let people = store::people(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let matter = staff.matter("payment_review", id, people)?;
    let decided = store::decide(&mut tx, id, state, staff.caller.id, app.clock.now()).await?;
    let entry = matter.act("payment_review.decide").details(json!({"is_allowed": body.allow}));
    tx.commit(entry, Json(ReviewView::from(decided.ok_or_else(ApiError::not_found)?))).await
}
