//! A payment on the wire.

use bookings::{PaymentMethod, PaymentType};
use jiff::{civil::Date, tz::TimeZone};
use platform::{
    app::App,
    ids::{BookingId, InstallmentId, PaymentId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use scheduling::TimeOfDay;
use serde::Serialize;

use crate::{
    action,
    installment::InstallmentState,
    model::Status,
    store::views::{Shown, ShownPart},
};

/// A payment.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Payment, example = PaymentView::example)]
pub(super) struct PaymentView {
    id: PaymentId,
    /// `null`: credits are bought.
    booking_id: Option<BookingId>,
    /// Who pays.
    user_id: UserId,
    amount: Money,
    currency: Currency,
    payment_type: PaymentType,
    payment_method: PaymentMethod,
    status: Status,
    /// The gateway's name for the charge.
    transaction_id: Option<String>,
    /// Why the last charge was declined.
    failure_code: Option<String>,
    /// For the gateway's part of the app, while the payer has to approve; only the payer sees it.
    client_secret: Option<String>,
    /// A page on which the payer can approve, too.
    action_url: Option<String>,
    /// When the next part is charged.
    #[schema(value_type = Option<String>, format = Date)]
    due_date: Option<Date>,
    /// What was taken so far.
    paid_amount: Money,
    /// Whether it is on top of a booking that was paid.
    is_tip: bool,
    /// How much less it is because of a promotion.
    discount: Money,
    /// How much of the amount is our fee.
    service_fee: Money,
    /// How much of the amount is paid by credits, beside the rest.
    credits_amount: Money,
    /// What went back, or is on its way.
    refunded_amount: Money,
    /// The parts; `[]` where it is paid at once.
    installments: Vec<InstallmentView>,
    /// `null` until it is paid, or as much of it as ever will be.
    receipt_url: Option<String>,
    booking: Option<PaidBooking>,
    created_at: Instant,
    updated_at: Instant,
}

/// The booking that is paid.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PaidBooking {
    id: BookingId,
    service_title: String,
    /// In the booking's time zone.
    #[schema(value_type = String, format = Date)]
    scheduled_date: Date,
    scheduled_time: TimeOfDay,
}

/// A part of a payment.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Installment)]
pub(super) struct InstallmentView {
    id: InstallmentId,
    installment_number: i16,
    amount: Money,
    #[schema(value_type = String, format = Date)]
    due_date: Date,
    paid_at: Option<Instant>,
    status: InstallmentState,
    /// The gateway's name for its charge.
    transaction_id: Option<String>,
}

impl PaidBooking {
    fn of(shown: &Shown) -> Option<Self> {
        let zone = TimeZone::get(shown.timezone.as_deref()?).unwrap_or(TimeZone::UTC);
        let starts_at = zone.to_datetime(shown.starts_at?.timestamp());
        Some(Self {
            id: shown.booking_id?,
            service_title: shown.title.clone(),
            scheduled_date: starts_at.date(),
            scheduled_time: starts_at.time().into(),
        })
    }
}

impl PaymentView {
    /// As somebody sees it.
    pub(super) fn of(app: &App, shown: Shown, viewer: UserId) -> anyhow::Result<Self> {
        let money = |minor| Money::new(minor, shown.currency);
        let sealed = shown.sealed_action.as_deref().filter(|_| viewer == shown.user_id);
        let action = action::open(app, sealed)?;
        let booking = PaidBooking::of(&shown);
        let is_open =
            |part: &&ShownPart| !matches!(part.state, InstallmentState::Paid | InstallmentState::Cancelled);
        let part = |part: &ShownPart| InstallmentView {
            id: part.id,
            installment_number: part.number,
            amount: money(part.amount_minor),
            due_date: part.due_date,
            paid_at: part.paid_at,
            status: part.state,
            transaction_id: part.reference.clone(),
        };
        let has_receipt = shown.has_receipt();
        Ok(Self {
            id: shown.id,
            booking_id: shown.booking_id,
            user_id: shown.user_id,
            amount: money(shown.amount_minor),
            currency: shown.currency,
            payment_type: shown.payment_type,
            payment_method: shown.payment_method,
            status: shown.status,
            failure_code: shown.failure_code,
            client_secret: action.client_secret,
            action_url: action.url,
            due_date: shown.parts.iter().find(is_open).map(|part| part.due_date),
            paid_amount: money(shown.captured_minor),
            is_tip: shown.is_tip,
            discount: money(shown.discount_minor),
            service_fee: money(shown.fee_minor),
            credits_amount: money(shown.credits_minor),
            refunded_amount: money(shown.refunded_minor),
            installments: shown.parts.iter().map(part).collect(),
            receipt_url: has_receipt.then(|| app.url(&format!("/payments/{}/receipt/", shown.id))),
            booking,
            transaction_id: shown.reference,
            created_at: shown.created_at,
            updated_at: shown.updated_at,
        })
    }

    fn example() -> serde_json::Value {
        serde_json::from_str(include_str!("example.json")).unwrap_or_default()
    }
}
