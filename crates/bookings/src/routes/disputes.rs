//! What people disagree about: a reported absence, work that was not good; and the operator who decides.

use axum::{Json, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::{Caller, Finance},
    error::{ApiError, ApiResult},
    extract::{IfMatch, Path, Query, Valid},
    idempotency::Write,
    ids::{BookingId, UserId},
    locale::Sentence,
    money::{Amount, Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
    validation,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{happen, view::BookingView};
use crate::{
    change::{self, By},
    model::{Actor, Booking, BookingError, HistoryEntry, State},
    payment::{PaymentMethod, PaymentStatus},
    policy::Policy,
    store,
    transitions::Event,
};

/// Why somebody disagrees.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = DisputeReason, example = json!({"reason": "I waited at the door for half an hour."}))]
pub(super) struct Disagreement {
    /// In one's own words; the other side and the operator see them.
    #[garde(length(chars, min = 1, max = 2000), custom(validation::not_blank))]
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    reason: String,
}

/// Contest that one was not there, as the one who is blamed.
///
/// Until `contest_until`. The booking is `disputed` then, and its money waits for an operator.
#[utoipa::path(put, path = "/bookings/{id}/no-show/contest/", tag = "bookings", operation_id = "contest_no_show",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Disagreement,
    responses((status = OK, description = "The booking, disputed.", body = BookingView),
        (status = CONFLICT, description = "`invalid_transition`, with `state` and `allowed`: nobody was reported, it is \
            one's own report, or the time for it is over."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn contest_no_show(
    app: App,
    caller: Caller,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Valid(body): Valid<Disagreement>,
) -> ApiResult<Response> {
    happen(&app, id, &caller, &if_match, Some(body.reason), |_booking, _party| Ok(Event::NoShowContested))
        .await
}

/// Dispute a completed job, as its customer.
///
/// Until `contest_until`, 48 hours after it was completed, and once. What the provider earned with it is held until an
/// operator has decided.
#[utoipa::path(put, path = "/bookings/{id}/dispute/", tag = "bookings", operation_id = "dispute_booking",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Disagreement,
    responses((status = OK, description = "The booking, disputed.", body = BookingView),
        (status = CONFLICT, description = "`invalid_transition`, with `state` and `allowed`."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn dispute_booking(
    app: App,
    caller: Caller,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Valid(body): Valid<Disagreement>,
) -> ApiResult<Response> {
    happen(&app, id, &caller, &if_match, Some(body.reason), |_booking, _party| Ok(Event::Disputed)).await
}

/// For whom an operator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DisputeOutcome)]
enum Outcome {
    /// All goes back to the customer; a reported absence was the provider's.
    Customer,
    /// It is as the provider says: the job was done, or the customer was not there.
    Provider,
    /// `refund_amount` goes back, the rest is kept.
    Split,
}

/// What an operator decides.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = ResolveDispute, example = json!({"outcome": "split", "refund_amount": 20.0, "reason": "Two of five windows."}))]
pub(super) struct Resolution {
    #[garde(skip)]
    outcome: Outcome,
    /// With `split`, and only then: what goes back to the customer.
    #[serde(default)]
    #[garde(skip)]
    refund_amount: Option<Amount>,
    /// Why; both see it.
    #[garde(length(chars, min = 1, max = 2000), custom(validation::not_blank))]
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    reason: String,
}

impl Resolution {
    /// The event, after noting what a split gives back.
    fn apply(&self, booking: &mut Booking) -> ApiResult<Event> {
        match (self.outcome, self.refund_amount) {
            (Outcome::Customer, None) => Ok(Event::ResolvedForCustomer),
            (Outcome::Provider, None) => Ok(Event::ResolvedForProvider),
            (Outcome::Split, Some(amount)) => {
                let wanted = amount.in_currency(booking.currency).ok().filter(|amount| amount.minor > 0);
                let wanted = wanted.ok_or_else(|| invalid_amount("amount_out_of_range"))?;
                if wanted.minor > booking.secured_minor {
                    let refundable = booking.money(booking.secured_minor);
                    return Err(BookingError::RefundTooLarge { refundable }.into());
                }
                booking.refund_minor = Some(wanted.minor);
                booking.kept_minor = Some(booking.secured_minor - wanted.minor);
                Ok(Event::ResolvedBySplit)
            }
            (Outcome::Split, None) => Err(invalid_amount("required")),
            (_, Some(_)) => Err(invalid_amount("only_with_split")),
        }
    }
}

fn invalid_amount(word: &str) -> ApiError {
    ApiError::invalid_field("refund_amount", Sentence::new(format!("field-{word}")))
}

/// A booking that waits for an operator's decision.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DisputedBooking)]
pub(super) struct DisputedView {
    booking_id: BookingId,
    reference: String,
    customer_id: UserId,
    customer_name: String,
    provider_id: UserId,
    provider_name: String,
    service_title: String,
    starts_at: Instant,
    ends_at: Instant,
    sub_status: State,
    /// What it was before: `completed`, or the absence that is contested.
    disputed_from: Option<State>,
    disputed_at: Option<Instant>,
    cancellation_policy: Policy,
    /// What the customer agreed to pay.
    agreed_amount: Money,
    /// How much of it was paid, or is reserved: the most that can go back.
    paid_amount: Money,
    /// What went back, or will, by the decision.
    refund_amount: Option<Money>,
    currency: Currency,
    payment_method: PaymentMethod,
    payment_status: PaymentStatus,
    /// Who said what.
    history: Vec<HistoryEntry>,
    version: i32,
}

impl From<Booking> for DisputedView {
    fn from(booking: Booking) -> Self {
        Self {
            booking_id: booking.id,
            agreed_amount: booking.money(booking.agreed_minor),
            paid_amount: booking.money(booking.secured_minor),
            refund_amount: booking.refund_minor.map(|minor| booking.money(minor)),
            reference: booking.reference,
            customer_id: booking.customer_id,
            customer_name: booking.customer_name,
            provider_id: booking.provider_id,
            provider_name: booking.provider_name,
            service_title: booking.service_title,
            starts_at: booking.starts_at,
            ends_at: booking.ends_at,
            sub_status: booking.state,
            disputed_from: booking.disputed_from,
            disputed_at: booking.disputed_at,
            cancellation_policy: booking.cancellation_policy,
            currency: booking.currency,
            payment_method: booking.payment_method,
            payment_status: booking.payment_status,
            history: booking.history.map(|history| history.0).unwrap_or_default(),
            version: booking.version,
        }
    }
}

/// Bookings that wait for a decision, the oldest dispute first. For finance.
#[utoipa::path(get, path = "/admin/bookings/disputes/", tag = "bookings", operation_id = "list_booking_disputes",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "A page of disputed bookings.", body = Page<DisputedView>),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(super) async fn list_disputes(
    app: App,
    _staff: Finance,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<DisputedView>>> {
    let paging = page.paging::<store::DisputeKey>(link)?;
    let (rows, total) = store::disputed(&mut *app.db.acquire().await?, &paging).await?;
    Ok(Json(paging.finish(rows, total, store::dispute_key, DisputedView::from)))
}

/// Decide a disputed booking: for finance, and for nobody who is one of its two people.
///
/// `customer`: all goes back; a contested absence becomes `no_show_provider`. `provider`: nothing goes back; a contested
/// absence becomes `completed` where the provider is said not to have come, and `no_show_customer`, with the policy as
/// of the start, where the customer is. `split`: `refund_amount` goes back; a contested absence becomes
/// `cancelled_by_operator`. What was disputed after its completion is `completed` again. It is final.
#[utoipa::path(post, path = "/admin/bookings/{id}/resolve/", tag = "bookings", operation_id = "resolve_booking_dispute",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Resolution,
    responses((status = OK, description = "The booking, decided.", body = DisputedView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance. `own_matter`: one's own."),
        (status = NOT_FOUND, description = "There is no such booking."),
        (status = CONFLICT, description = "`invalid_transition`: it is not disputed. `refund_too_large`, with `refundable`."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn resolve_dispute(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    write: Write,
    Valid(body): Valid<Resolution>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let mut booking = store::lock(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let matter = staff.matter("booking", id, [booking.customer_id, booking.provider_id])?;
    if_match.check(booking.version)?;
    if booking.state != State::Disputed {
        return Err(booking.refused(Actor::Operator, now).into());
    }
    let event = body.apply(&mut booking)?;
    let entry = matter.act("booking.resolve").reason(&*body.reason);
    let by = By { actor: Actor::Operator, id: Some(staff.caller.id), reason: Some(body.reason) };
    let booking = change::change(&mut tx, booking, event, &by, None, now).await?;
    let entry = entry.details(json!({"outcome": event, "refund_minor": booking.refund_minor}));
    tx.commit(entry, Json(DisputedView::from(booking))).await
}
