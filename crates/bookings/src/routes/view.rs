//! A booking on the wire.

use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use platform::{
    ids::{BookingId, ProposalId, ServiceId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use scheduling::TimeOfDay;
use serde::Serialize;

use crate::{
    address::AddressView,
    model::{Actor, Booking, HistoryEntry, State, Status},
    payment::{PaymentMethod, PaymentStatus, PaymentType},
    transitions::Event,
};

/// How long after its completion a booking can be reviewed.
const REVIEWABLE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A booking as one of its parties sees it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Booking, example = BookingView::example)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's flags")]
pub(super) struct BookingView {
    id: BookingId,
    /// Short and readable.
    #[schema(pattern = "^SB-[0-9A-HJKMNP-TV-Z]{6}$")]
    reference: String,
    customer_id: UserId,
    customer_name: String,
    provider_id: UserId,
    provider_name: String,
    service_id: ServiceId,
    /// As it was when it was booked, as are price, duration and policy.
    service_title: String,
    service_price: Money,
    /// The date of the start in `timezone`.
    #[schema(value_type = String, format = Date)]
    scheduled_date: Date,
    /// The time of the start in `timezone`.
    scheduled_time: TimeOfDay,
    /// The provider's time zone.
    timezone: String,
    starts_at: Instant,
    ends_at: Instant,
    duration_minutes: i32,
    /// What the app switches on.
    status: Status,
    /// Which kind.
    sub_status: State,
    /// Until when the provider can answer; `null` where no answer is needed.
    respond_by: Option<Instant>,
    notes: String,
    /// A provider sees the town and about 1 km until the booking is confirmed.
    address: Option<AddressView>,
    total_amount: Money,
    currency: Currency,
    payment_method: PaymentMethod,
    payment_type: PaymentType,
    payment_status: PaymentStatus,
    is_paid: bool,
    /// What went back, or will, after a cancellation or an absence; `null` while an operator decides.
    refund_amount: Option<Money>,
    cancelled_by: Option<Actor>,
    cancellation_reason: Option<String>,
    cancellation_policy: crate::policy::Policy,
    /// The open proposal to move it.
    reschedule: Option<ProposalView>,
    /// Whether the caller can cancel it now.
    can_cancel: bool,
    /// Whether the caller can move it, or propose to, now.
    can_reschedule: bool,
    /// Whether the caller can review it now.
    can_review: bool,
    /// Whether the caller can say now that the other one did not come.
    can_report_no_show: bool,
    /// Whether the caller is said not to have come, and can contest it now.
    can_contest: bool,
    /// Whether the caller can dispute now what was done.
    can_dispute: bool,
    /// Until when an absence can be contested, or a completed job disputed.
    contest_until: Option<Instant>,
    /// How it came to be what it is; `null` in lists.
    history: Option<Vec<HistoryEntry>>,
    /// Grows with every change; also the `ETag`.
    version: i32,
    created_at: Instant,
    updated_at: Instant,
}

/// A wish to move a booking, which the other side can accept or decline.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RescheduleProposal)]
pub(super) struct ProposalView {
    id: ProposalId,
    proposed_by: Actor,
    #[schema(value_type = String, format = Date)]
    scheduled_date: Date,
    scheduled_time: TimeOfDay,
    starts_at: Instant,
    ends_at: Instant,
    reason: Option<String>,
    /// After that the booking stays as it was.
    expires_at: Instant,
    created_at: Instant,
}

/// A date and a time in a zone.
fn local(at: Instant, timezone: &str) -> (Date, TimeOfDay) {
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    let local = zone.to_datetime(at.timestamp());
    (local.date(), TimeOfDay::from(local.time()))
}

impl BookingView {
    pub(super) fn of(booking: &Booking, viewer: Actor, now: Instant) -> Self {
        let (scheduled_date, scheduled_time) = local(booking.starts_at, &booking.timezone);
        let sees_all = viewer == Actor::Customer || booking.state.is_agreed();
        let address = booking.address.as_ref();
        let reschedule = booking.proposal().map(|open| {
            let (scheduled_date, scheduled_time) = local(open.span.starts_at, &open.timezone);
            ProposalView {
                id: open.id,
                proposed_by: open.proposed_by,
                scheduled_date,
                scheduled_time,
                starts_at: open.span.starts_at,
                ends_at: open.span.ends_at,
                reason: open.reason,
                expires_at: open.expires_at,
                created_at: open.created_at,
            }
        });
        let reviewable = booking.completed_at.unwrap_or(booking.updated_at).plus(REVIEWABLE);
        Self {
            id: booking.id,
            reference: booking.reference.clone(),
            customer_id: booking.customer_id,
            customer_name: booking.customer_name.clone(),
            provider_id: booking.provider_id,
            provider_name: booking.provider_name.clone(),
            service_id: booking.service_id,
            service_title: booking.service_title.clone(),
            service_price: booking.money(booking.service_price_minor),
            scheduled_date,
            scheduled_time,
            timezone: booking.timezone.clone(),
            starts_at: booking.starts_at,
            ends_at: booking.ends_at,
            duration_minutes: booking.duration_minutes,
            status: booking.state.status(),
            sub_status: booking.state,
            respond_by: booking.respond_by,
            notes: booking.notes.clone(),
            address: address.map(|address| if sees_all { address.exact() } else { address.surroundings() }),
            total_amount: booking.money(booking.total_minor),
            currency: booking.currency,
            payment_method: booking.payment_method,
            payment_type: booking.payment_type,
            payment_status: booking.payment_status,
            is_paid: booking.payment_status == PaymentStatus::Paid,
            refund_amount: booking.refund_minor.map(|minor| booking.money(minor)),
            cancelled_by: booking.cancelled_by,
            cancellation_reason: booking.cancellation_reason.clone(),
            cancellation_policy: booking.cancellation_policy,
            reschedule,
            can_cancel: booking.allows(booking.cancelling(viewer), viewer, now),
            can_reschedule: booking.allows(booking.rescheduling(viewer), viewer, now),
            can_review: booking.state == State::Completed && now < reviewable,
            can_report_no_show: booking.allows(Event::NoShow, viewer, now),
            can_contest: booking.allows(Event::NoShowContested, viewer, now),
            can_dispute: booking.allows(Event::Disputed, viewer, now),
            contest_until: booking.contest_until.or_else(|| booking.dispute_until()),
            history: booking.history.as_ref().map(|history| history.0.clone()),
            version: booking.version,
            created_at: booking.created_at,
            updated_at: booking.updated_at,
        }
    }

    fn example() -> serde_json::Value {
        serde_json::from_str(include_str!("example.json")).unwrap_or_default()
    }
}
