//! From an event to what people are told of it: who, and which message. Nothing else decides that.

use bookings::{Actor, BookingChanged, Event, State};
use catalog::{ModerationKind, ServiceModerated};
use chat::{ReportDecided, ReportOverdue};
use payouts::{PayoutAccountChanged, WithdrawalChanged, WithdrawalState};
use platform::{
    ids::{BookingId, ServiceId, UserId},
    money::Currency,
    time::Instant,
    validation::is_blank,
};

use crate::{
    jobs::MessageSent,
    model::{Args, Intent, Template},
};

/// What messages about a booking say of it.
#[derive(Clone, Debug)]
pub(crate) struct BookingFacts {
    pub(crate) customer_id: UserId,
    pub(crate) provider_id: UserId,
    pub(crate) customer: String,
    pub(crate) provider: String,
    pub(crate) service: String,
    pub(crate) state: State,
    pub(crate) starts_at: Instant,
    pub(crate) timezone: String,
}

/// A side of a booking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Customer,
    Provider,
}
use Side::{Customer, Provider};

impl BookingFacts {
    fn intent(&self, id: BookingId, to: Side, template: Template, source: String) -> Intent {
        let (recipient, other) = match to {
            Customer => (self.customer_id, &self.provider),
            Provider => (self.provider_id, &self.customer),
        };
        let args = Args {
            service: Some(self.service.clone()),
            other: Some(other.clone()),
            starts_at: Some(self.starts_at),
            timezone: Some(self.timezone.clone()),
            ..Args::default()
        };
        Intent { entity_id: Some(id.uuid()), args, ..Intent::new(recipient, template, source) }
    }
}

/// A booking has changed: the side that did not do it hears of it.
pub(crate) fn booking_changed(event: &BookingChanged, facts: &BookingFacts) -> Vec<Intent> {
    let source = format!("booking:{}:{}", event.booking_id, event.version);
    // What was true then, also where the booking has moved on.
    let then = BookingFacts { starts_at: event.starts_at, ..facts.clone() };
    let heard = heard(event).into_iter();
    heard.map(|(to, template)| then.intent(event.booking_id, to, template, source.clone())).collect()
}

fn heard(event: &BookingChanged) -> Vec<(Side, Template)> {
    use Template::*;
    let others = |template| match event.by {
        Actor::Customer => vec![(Provider, template)],
        Actor::Provider => vec![(Customer, template)],
        Actor::Operator | Actor::System => vec![(Customer, template), (Provider, template)],
    };
    // A provider hears of a booking when it is paid, or need not be.
    let is_known = event.from != Some(State::AwaitingPayment);
    match event.event {
        Event::Created | Event::PaymentSecured => match event.state {
            State::PendingAcceptance => vec![(Provider, BookingRequested)],
            State::Confirmed => vec![(Provider, BookingNew), (Customer, BookingConfirmed)],
            _ => Vec::new(),
        },
        Event::PaymentExpired if is_known && event.from.is_some() => {
            vec![(Customer, BookingCancelledUnpaid), (Provider, BookingCancelledUnpaid)]
        }
        Event::PaymentExpired => vec![(Customer, BookingPaymentExpired)],
        Event::PaymentLost => vec![(Customer, BookingPaymentLost), (Provider, BookingUnpaid)],
        Event::PaymentRestored => vec![(Customer, BookingPaidAgain), (Provider, BookingPaidAgain)],
        Event::Accepted => vec![(Customer, BookingAccepted)],
        Event::Declined => vec![(Customer, BookingDeclined)],
        Event::Withdrawn if is_known => vec![(Provider, BookingWithdrawn)],
        Event::Expired => vec![(Customer, BookingExpired), (Provider, BookingMissed)],
        Event::Rescheduled if is_known => vec![(Provider, BookingMoved)],
        Event::Withdrawn | Event::Rescheduled => Vec::new(),
        Event::RescheduleProposed => others(BookingMoveProposed),
        Event::RescheduleAccepted => others(BookingMoveAccepted),
        Event::RescheduleDeclined => others(BookingMoveDeclined),
        Event::RescheduleWithdrawn => others(BookingMoveWithdrawn),
        Event::RescheduleExpired => others(BookingMoveExpired),
        Event::Started => vec![(Customer, BookingStarted)],
        Event::Completed if event.by == Actor::Provider => vec![(Customer, BookingCompleted)],
        Event::Completed => vec![(Customer, BookingCompleted), (Provider, BookingClosed)],
        Event::Cancelled => {
            others(BookingCancelled).into_iter().filter(|(to, _)| is_known || *to == Customer).collect()
        }
        Event::NoShow => others(BookingNoShow),
        Event::NoShowContested => others(BookingNoShowContested),
        Event::NoShowConfirmed => others(BookingNoShowConfirmed),
        Event::Disputed => others(BookingDisputed),
        Event::ResolvedForCustomer | Event::ResolvedForProvider | Event::ResolvedBySplit => {
            others(BookingResolved)
        }
    }
}

/// How long before the start people are reminded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reminder {
    /// 24 hours.
    Day,
    /// 2 hours.
    Hours,
}

impl Reminder {
    pub(crate) const ALL: [Self; 2] = [Self::Day, Self::Hours];

    pub(crate) fn hours(self) -> i64 {
        match self {
            Self::Day => 24,
            Self::Hours => 2,
        }
    }
}

/// A booking is near.
pub(crate) fn booking_near(id: BookingId, facts: &BookingFacts, reminder: Reminder) -> Vec<Intent> {
    if facts.state != State::Confirmed {
        return Vec::new();
    }
    let template = match reminder {
        Reminder::Day => Template::BookingTomorrow,
        Reminder::Hours => Template::BookingSoon,
    };
    let source = format!("reminder:{id}:{}:{}", reminder.hours(), facts.starts_at.as_micros());
    [Customer, Provider].map(|to| facts.intent(id, to, template, source.clone())).into()
}

/// What messages about a payment say of it.
#[derive(Clone, Debug)]
pub(crate) struct PaymentFacts {
    pub(crate) amount: (i64, Currency),
    /// Of the booking; `None` for credits.
    pub(crate) service: Option<String>,
    pub(crate) customer: String,
    pub(crate) provider: Option<String>,
    pub(crate) timezone: Option<String>,
    /// The receipt and the credit notes, issued.
    pub(crate) papers: Vec<payments::Issued>,
}

/// A payment has changed: the payer hears of money that came, went back, or did not come.
pub(crate) fn payment_changed(event: &payments::PaymentChanged, facts: &PaymentFacts) -> Vec<Intent> {
    let intent = |template, source, amount, number| Intent {
        entity_id: Some(event.payment_id.uuid()),
        args: Args { service: facts.service.clone(), amount: Some(amount), number, ..Args::default() },
        ..Intent::new(event.user_id, template, source)
    };
    if let Some(failed) = &event.charge_failed {
        return charge_failed(event, failed, facts);
    }
    match event.status {
        // The booking's own event tells of what a bank took back.
        payments::Status::Failed if event.failure_code.as_deref() == Some(payments::DISPUTED) => Vec::new(),
        payments::Status::Failed => {
            let source = format!("payment:{}:failed:{}", event.payment_id, event.at.as_micros());
            vec![intent(Template::PaymentFailed, source, facts.amount, None)]
        }
        payments::Status::Completed | payments::Status::Refunded | payments::Status::PartiallyRefunded => {
            let told = facts.papers.iter().map(|paper| {
                let template =
                    if paper.is_credit_note { Template::PaymentRefunded } else { Template::PaymentReceived };
                let amount = (paper.amount.minor, paper.amount.currency);
                intent(template, format!("receipt:{}", paper.number), amount, Some(paper.number.clone()))
            });
            told.collect()
        }
        _ => Vec::new(),
    }
}

/// A charge that was made without its payer has failed: both sides hear of it, and of what happens next.
fn charge_failed(
    event: &payments::PaymentChanged,
    failed: &payments::ChargeFailed,
    facts: &PaymentFacts,
) -> Vec<Intent> {
    let (to_customer, to_provider, next_at) = match failed.next {
        payments::NextStep::Retry { at } => (Template::PaymentRetried, Template::PaymentDelayed, Some(at)),
        payments::NextStep::Owed => (Template::PaymentOwed, Template::PaymentOutstanding, None),
        // The booking's own event tells of it.
        payments::NextStep::Cancelled => return Vec::new(),
    };
    let (amount, currency) = (failed.amount_minor, facts.amount.1);
    let intent = |recipient, template: Template, entity_id, other| Intent {
        entity_id,
        args: Args {
            service: facts.service.clone(),
            other,
            starts_at: next_at,
            timezone: facts.timezone.clone(),
            amount: Some((amount, currency)),
            ..Args::default()
        },
        ..Intent::new(
            recipient,
            template,
            format!("payment:{}:{}:{}", event.payment_id, template.name(), event.at.as_micros()),
        )
    };
    let payer = intent(event.user_id, to_customer, Some(event.payment_id.uuid()), facts.provider.clone());
    let booking = event.booking_id.map(platform::ids::BookingId::uuid);
    let provider = event
        .provider_id
        .map(|provider| intent(provider, to_provider, booking, Some(facts.customer.clone())));
    std::iter::once(payer).chain(provider).collect()
}

/// A withdrawal has arrived, or will not.
pub(crate) fn withdrawal_changed(event: &WithdrawalChanged) -> Option<Intent> {
    let template = match event.state {
        WithdrawalState::Paid => Template::WithdrawalPaid,
        WithdrawalState::Failed => Template::WithdrawalFailed,
        WithdrawalState::Requested | WithdrawalState::Processing => return None,
    };
    let source = format!("withdrawal:{}:{}", event.withdrawal_id, template.name());
    Some(Intent {
        entity_id: Some(event.withdrawal_id.uuid()),
        args: Args { amount: Some((event.amount_minor, event.currency)), ..Args::default() },
        ..Intent::new(event.provider_id, template, source)
    })
}

/// A provider will be paid somewhere else; if it was not them, they have to know at once.
pub(crate) fn payout_account_changed(event: &PayoutAccountChanged) -> Intent {
    let template = match event.status.as_str() {
        "restricted" | "rejected" => Template::PayoutAccountProblem,
        _ => Template::PayoutAccountChanged,
    };
    let source = format!("payout_account:{}:{}", event.provider_id, event.version);
    Intent::new(event.provider_id, template, source)
}

/// Somebody's account stays after all.
pub(crate) fn account_restored(user: UserId, at: Instant) -> Intent {
    Intent::new(user, Template::AccountRestored, format!("account_restored:{user}:{}", at.as_micros()))
}

/// Whoever reported something hears what came of it.
pub(crate) fn report_decided(event: &ReportDecided) -> Intent {
    let template = if event.is_upheld { Template::ReportUpheld } else { Template::ReportRejected };
    Intent::new(event.reporter_id, template, format!("report:{}", event.report_id))
}

/// The staff have let a report wait for too long.
pub(crate) fn report_overdue(event: &ReportOverdue, moderator: UserId) -> Intent {
    Intent::new(moderator, Template::ReportOverdue, format!("report_overdue:{}", event.report_id))
}

/// The app is where somebody still hears of it; each time that it is noticed anew.
pub(crate) fn mailbox_unreachable(user: UserId, since: Instant) -> Intent {
    Intent::new(user, Template::MailboxUnreachable, format!("mailbox:{user}:{}", since.as_micros()))
}

/// The name of the burst that the messages of a conversation are.
pub(crate) fn burst_of(conversation: uuid::Uuid) -> String {
    format!("conversation:{conversation}")
}

/// Somebody wrote to somebody. Messages of one conversation are one notification until it is read.
pub(crate) fn message_sent(event: &MessageSent) -> Intent {
    let args = Args {
        other: Some(event.sender_name.clone()),
        preview: Some(event.preview.chars().take(140).collect()),
        attachment: event.attachment.clone().filter(|_| is_blank(&event.preview)),
        ..Args::default()
    };
    Intent {
        entity_id: Some(event.conversation_id),
        args,
        burst: Some((burst_of(event.conversation_id), event.seq)),
        ..Intent::new(event.recipient_id, Template::MessageReceived, format!("message:{}", event.message_id))
    }
}

/// A moderator did something to somebody's service.
pub(crate) fn service_moderated(event: &ServiceModerated) -> Intent {
    let (template, entity) = match event.kind {
        ModerationKind::Edited => (Template::ServiceEdited, Some(event.service_id.uuid())),
        ModerationKind::ImageRemoved => (Template::ServiceImageRemoved, Some(event.service_id.uuid())),
        // There is nothing to be seen any more.
        ModerationKind::Withdrawn => (Template::ServiceWithdrawn, None),
    };
    let args =
        Args { service: Some(event.title.clone()), reason: Some(event.reason.clone()), ..Args::default() };
    let source = format!("moderation:{}", event.moderation_id);
    Intent { entity_id: entity, args, ..Intent::new(event.provider_id, template, source) }
}

/// There is a new service near a place that somebody saved.
pub(crate) fn service_nearby(service: ServiceId, title: &str, area: &str, user: UserId) -> Intent {
    let args = Args { service: Some(title.to_owned()), other: Some(area.to_owned()), ..Args::default() };
    Intent {
        entity_id: Some(service.uuid()),
        args,
        ..Intent::new(user, Template::ServiceNearby, format!("service:{service}"))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use strum::VariantArray as _;

    use super::*;

    fn id<T: From<uuid::Uuid>>(n: u128) -> T {
        T::from(uuid::Uuid::from_u128(n))
    }

    fn at(text: &str) -> Instant {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn event(event: Event, by: Actor, from: Option<State>, state: State) -> BookingChanged {
        BookingChanged {
            booking_id: id(1),
            customer_id: id(2),
            provider_id: id(3),
            service_id: id(4),
            event,
            from,
            state,
            version: 5,
            by,
            starts_at: at("2026-03-04T09:00:00Z"),
            at: at("2026-03-02T09:00:00Z"),
        }
    }

    fn facts(state: State) -> BookingFacts {
        BookingFacts {
            customer_id: id(2),
            provider_id: id(3),
            customer: "Ann".into(),
            provider: "Bob".into(),
            service: "Windows".into(),
            state,
            starts_at: at("2026-03-05T09:00:00Z"),
            timezone: "Europe/Berlin".into(),
        }
    }

    #[test]
    fn who_hears_of_what_happens_to_a_booking() {
        let mut table = String::new();
        for happened in Event::VARIANTS {
            for by in Actor::VARIANTS {
                for (from, state) in [
                    (None, State::PendingAcceptance),
                    (Some(State::AwaitingPayment), State::Confirmed),
                    (Some(State::Confirmed), State::Completed),
                ] {
                    let heard = booking_changed(&event(*happened, *by, from, state), &facts(state));
                    let heard = heard.iter().map(|intent| {
                        let side = if intent.recipient == id(2) { "customer" } else { "provider" };
                        format!(" {side}:{}", intent.template.name())
                    });
                    let heard: String = heard.collect();
                    let (happened, by): (&str, &str) = ((*happened).into(), (*by).into());
                    let from = from.map_or("nothing", State::name);
                    writeln!(table, "{happened} by {by} from {from}:{heard}").unwrap();
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn a_message_names_the_other_side_and_the_time_that_was_agreed_then() {
        let happened = event(Event::Accepted, Actor::Provider, None, State::Confirmed);
        let told = booking_changed(&happened, &facts(State::Confirmed));
        assert_eq!(told[0].args.other.as_deref(), Some("Bob"));
        assert_eq!(told[0].args.starts_at, Some(happened.starts_at));
        assert_eq!(told[0].source, "booking:00000000-0000-0000-0000-000000000001:5");
    }

    #[test]
    fn only_a_booking_that_is_agreed_is_near() {
        assert_eq!(booking_near(id(1), &facts(State::Confirmed), Reminder::Day).len(), 2);
        assert!(booking_near(id(1), &facts(State::CancelledByCustomer), Reminder::Day).is_empty());
    }

    #[test]
    fn a_withdrawal_is_told_when_it_is_final() {
        let changed = |state| WithdrawalChanged {
            withdrawal_id: id(1),
            provider_id: id(3),
            amount_minor: 5000,
            currency: Currency::EUR,
            state,
            failure_code: None,
        };
        let told = |state| withdrawal_changed(&changed(state)).map(|intent| intent.template);
        assert_eq!(told(WithdrawalState::Paid), Some(Template::WithdrawalPaid));
        assert_eq!(told(WithdrawalState::Failed), Some(Template::WithdrawalFailed));
        assert_eq!((told(WithdrawalState::Requested), told(WithdrawalState::Processing)), (None, None));
    }

    #[test]
    fn a_payment_that_failed_is_told_once_a_time() {
        let mut changed = payments::PaymentChanged {
            payment_id: id(1),
            booking_id: None,
            user_id: id(2),
            provider_id: None,
            status: payments::Status::Failed,
            failure_code: None,
            charge_failed: None,
            at: at("2026-03-02T09:00:00Z"),
        };
        let facts = PaymentFacts {
            amount: (4990, Currency::EUR),
            service: None,
            customer: "Ann".into(),
            provider: Some("Bob".into()),
            timezone: None,
            papers: Vec::new(),
        };
        let first = payment_changed(&changed, &facts);
        assert_eq!((first.len(), first[0].template), (1, Template::PaymentFailed));
        assert_eq!(payment_changed(&changed, &facts)[0].source, first[0].source);
        changed.at = at("2026-03-03T09:00:00Z");
        assert_ne!(payment_changed(&changed, &facts)[0].source, first[0].source);
        changed.status = payments::Status::Processing;
        assert!(payment_changed(&changed, &facts).is_empty());
    }

    #[test]
    fn a_preview_is_short() {
        let event = MessageSent {
            conversation_id: uuid::Uuid::from_u128(1),
            message_id: uuid::Uuid::from_u128(2),
            seq: 7,
            recipient_id: id(3),
            sender_name: "Ann".into(),
            preview: "ä".repeat(500),
            attachment: None,
        };
        let told = message_sent(&event);
        assert_eq!(told.args.preview.unwrap().chars().count(), 140);
        assert_eq!(told.burst.unwrap().1, 7);
    }
}
