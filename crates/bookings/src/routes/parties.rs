//! What either party does to a booking: cancelling, with its preview; its progress; absence.

use axum::{Json, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult, Kind},
    extract::{Brief, IfMatch, Path, Valid},
    ids::BookingId,
    money::{Currency, Money},
    time::Instant,
};
use serde::{Deserialize, Serialize};

use super::{Reason, happen, view::BookingView};
use crate::{
    model::{Actor, Status},
    policy::{Policy, RefundReason},
    store,
    transitions::Event,
};

/// What cancelling now means for the caller.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Cancellation, example = json!({"refund_amount": 49.9, "kept_amount": 0.0, "charge_amount": 0.0,
    "agreed_amount": 49.9, "paid_amount": 49.9, "reserved_amount": 0.0, "currency": "EUR", "refund_percent": 100,
    "min_kept_percent": 0, "reason": "policy", "policy": "flexible", "free_until": "2026-03-02T09:00:00Z",
    "valid_until": "2026-03-02T09:00:00Z", "version": 2}))]
pub(super) struct CancellationView {
    /// What goes back to the customer, or is let go where it was only reserved. What their bank took back is a part of it:
    /// where that is more, they owe the rest.
    refund_amount: Money,
    /// What the customer pays all the same: `paid_amount + charge_amount = kept_amount + refund_amount`.
    kept_amount: Money,
    /// What the saved method is charged at once, where it was to be charged later.
    charge_amount: Money,
    /// What the customer agreed to pay in all.
    agreed_amount: Money,
    /// How much of that was paid so far, or is reserved; a bank that took it back changes nothing of what is owed.
    paid_amount: Money,
    /// How much of `paid_amount` is only reserved, or was taken back by a bank.
    reserved_amount: Money,
    /// In which currency.
    currency: Currency,
    /// The share of what was agreed that goes back.
    refund_percent: i64,
    /// The share that is kept at least, since the customer has moved the booking when cancelling it cost that.
    min_kept_percent: i16,
    /// Why so much.
    reason: RefundReason,
    /// The booking's policy.
    policy: Policy,
    /// Until when the customer gets everything back; `null` where the policy never gives that.
    free_until: Option<Instant>,
    /// Cancelling until then, while the booking has this `version`, pays back exactly this.
    valid_until: Instant,
    /// The booking's version; send it as `If-Match` to be sure.
    version: i32,
}

/// What cancelling now refunds, and why.
#[utoipa::path(get, path = "/bookings/{id}/cancellation/", tag = "bookings", operation_id = "preview_cancellation",
    security(("bearer" = [])), params(("id" = BookingId, Path)),
    responses((status = OK, description = "What goes back.", body = CancellationView),
        (status = CONFLICT, description = "`invalid_transition`: the caller cannot cancel it now.")))]
pub(super) async fn preview_cancellation(
    app: App,
    caller: Caller,
    Path(id): Path<BookingId>,
) -> ApiResult<Json<CancellationView>> {
    let now = app.clock.now();
    let booking = store::find(&mut *app.db.acquire().await?, id).await?.ok_or_else(ApiError::not_found)?;
    let party = booking.party(caller.id).ok_or_else(ApiError::not_found)?;
    let line = booking.transition(booking.cancelling(party), party, now)?;
    let (rule, end) = booking.settlement(line.to.unwrap_or(booking.state), now);
    Ok(Json(CancellationView {
        refund_amount: booking.money(end.refund_minor),
        kept_amount: booking.money(end.kept_minor),
        charge_amount: booking.money(end.charge_minor),
        agreed_amount: booking.money(booking.agreed_minor),
        paid_amount: booking.money(booking.secured_minor),
        reserved_amount: booking.money(booking.secured_minor - booking.paid_minor.min(booking.secured_minor)),
        currency: booking.currency,
        refund_percent: rule.percent,
        min_kept_percent: booking.min_kept_percent,
        reason: rule.reason,
        policy: booking.cancellation_policy,
        free_until: booking
            .cancellation_policy
            .free_until(booking.starts_at)
            .filter(|_| booking.min_kept_percent == 0),
        valid_until: rule.valid_until,
        version: booking.version,
    }))
}

/// Cancel a booking.
///
/// What goes back follows from the booking's policy; by the provider, and while it is not confirmed, it is
/// everything. A request that is not confirmed yet becomes `withdrawn` by the customer, `declined` by the
/// provider.
#[utoipa::path(put, path = "/bookings/{id}/cancel/", tag = "bookings", operation_id = "cancel_booking",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Option<Reason>,
    responses((status = OK, description = "The booking, cancelled.", body = BookingView),
        (status = CONFLICT, description = "`invalid_transition`, with `state` and `allowed`."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn cancel_booking(
    app: App,
    caller: Caller,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Brief(body): Brief<Reason>,
) -> ApiResult<Response> {
    happen(&app, id, &caller, &if_match, body.reason, |booking, party| Ok(booking.cancelling(party))).await
}

/// How far a job is.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"status": "ongoing"}))]
pub(super) struct SetStatus {
    /// `ongoing` begins it, `completed` ends it, `cancelled` calls it off. `upcoming` is never possible.
    #[garde(skip)]
    status: Status,
    /// Why it is called off.
    #[serde(default)]
    #[garde(inner(length(chars, max = 500)))]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Say how far a job is, as its provider.
///
/// `ongoing` from 30 minutes before the start; `completed` counts the job. A booking that is left alone
/// completes itself 48 hours after its end.
#[utoipa::path(put, path = "/bookings/{id}/status/", tag = "bookings", operation_id = "set_booking_status",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = SetStatus,
    responses((status = OK, description = "The booking.", body = BookingView),
        (status = FORBIDDEN, description = "`forbidden`: only the provider says so."),
        (status = CONFLICT, description = "`invalid_transition`, with `state` and `allowed`."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn set_status(
    app: App,
    caller: Caller,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Valid(body): Valid<SetStatus>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    happen(&app, id, &caller, &if_match, body.reason, |booking, party| {
        if party != Actor::Provider {
            return Err(ApiError::new(Kind::Forbidden, "forbidden"));
        }
        match body.status {
            Status::Upcoming => Err(booking.refused(party, now).into()),
            Status::Ongoing => Ok(Event::Started),
            Status::Completed => Ok(Event::Completed),
            Status::Cancelled => Ok(booking.cancelling(party)),
        }
    })
    .await
}

/// Say that the other one was not there.
///
/// From 15 minutes after the start to a day after the end. The one who is blamed can contest it until `contest_until`, 48
/// hours later; then it is final. Where the provider did not come all goes back to the customer; where the customer did
/// not, as much as if they had cancelled at the start. Until it is final the money waits.
#[utoipa::path(put, path = "/bookings/{id}/no-show/", tag = "bookings", operation_id = "report_no_show",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Option<Reason>,
    responses((status = OK, description = "The booking, cancelled.", body = BookingView),
        (status = CONFLICT, description = "`invalid_transition`, with `state` and `allowed`."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn report_no_show(
    app: App,
    caller: Caller,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Brief(body): Brief<Reason>,
) -> ApiResult<Response> {
    happen(&app, id, &caller, &if_match, body.reason, |_booking, _party| Ok(Event::NoShow)).await
}
