//! The table of transitions, printed, and random events that never leave it.

use std::{collections::BTreeSet, fmt::Write as _};

use jiff::SignedDuration;
use platform::{
    error::Fault,
    ids::{BookingId, ProposalId, ServiceId, UserId},
    locale::{Language, keys},
    money::Currency,
};
use proptest::prelude::*;
use serde_json::json;
use strum::{VariantArray as _, VariantNames as _};

use super::{World, instant, job};
use crate::{
    change::By,
    model::{Actor, Booking, BookingError, NewTime, Span, State, Status, list_position},
    payment::{PaymentMethod, PaymentStatus, PaymentType},
    policy::Policy,
    transitions::{Event, TABLE},
};

#[test]
fn the_table_of_transitions() {
    let mut lines = String::new();
    for line in TABLE {
        let from: Vec<_> = line.from.iter().map(|state| state.name()).collect();
        let from = if from.is_empty() { "nothing".to_owned() } else { from.join(" | ") };
        let to = line.to.map_or("the same", State::name);
        let who: Vec<&str> = line.who.iter().map(Into::into).collect();
        let event: &str = line.event.into();
        writeln!(lines, "{event} by {}: {from} -> {to}", who.join(", ")).unwrap();
        writeln!(lines, "    if {:?} then {:?}", line.guards, line.effects).unwrap();
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn the_apps_four_statuses() {
    let mut lines = String::new();
    for state in State::VARIANTS {
        let status: &str = state.status().into();
        writeln!(
            lines,
            "{status}: {}{}",
            state.name(),
            if state.holds_slot() { ", holds the slot" } else { "" }
        )
        .unwrap();
    }
    insta::assert_snapshot!(lines, @r"
    upcoming: awaiting_payment, holds the slot
    upcoming: pending_acceptance, holds the slot
    upcoming: confirmed, holds the slot
    ongoing: in_progress, holds the slot
    completed: completed
    completed: disputed
    cancelled: declined
    cancelled: request_expired
    cancelled: payment_expired
    cancelled: withdrawn
    cancelled: cancelled_by_customer
    cancelled: cancelled_by_provider
    cancelled: cancelled_by_operator
    cancelled: cancelled_by_system
    cancelled: no_show_customer
    cancelled: no_show_provider
    ");
}

#[test]
fn what_is_over_stays_over_but_for_absences_and_disputes() {
    let open = [State::NoShowCustomer, State::NoShowProvider, State::Completed, State::Disputed];
    for line in TABLE {
        let holds_slot = line.from.iter().all(|state| state.holds_slot());
        assert!(holds_slot || line.from.iter().all(|state| open.contains(state)), "{line:?}");
        let ends = holds_slot && line.to.is_some_and(|to| !to.holds_slot());
        assert_eq!(ends, line.effects.contains(&crate::transitions::Effect::Release), "{line:?}");
    }
}

#[test]
fn every_refusal_has_a_sentence_in_every_language() {
    let named = BookingError::VARIANTS.iter().filter(|code| !["not_offered", "no_such_time"].contains(code));
    let theirs = scheduling::SlotRefusal::VARIANTS.iter().chain(scheduling::LocalTimeFault::VARIANTS);
    for language in Language::ALL {
        let known: BTreeSet<_> = keys(language).into_iter().collect();
        for code in named.clone().chain(theirs.clone()) {
            assert!(known.contains(*code), "{language}: {code}");
        }
    }
    let refusal = BookingError::NotOffered(scheduling::SlotRefusal::TooSoon);
    assert_eq!(refusal.code(), "too_soon");
}

fn booking(instantly: bool, state: State) -> Booking {
    let created_at = instant("2026-03-02T09:00:00Z");
    let starts_at = instant("2026-03-05T09:00:00Z");
    Booking {
        id: BookingId::at(created_at),
        reference: "SB-000000".into(),
        customer_id: UserId::at(created_at),
        customer_name: "Ann".into(),
        provider_id: UserId::at(created_at),
        provider_name: "Bob".into(),
        service_id: ServiceId::at(created_at),
        state,
        list_position: list_position(state, starts_at),
        timezone: "Europe/Berlin".into(),
        starts_at,
        ends_at: starts_at.plus(SignedDuration::from_mins(90)),
        respond_by: Some(created_at.plus(SignedDuration::from_hours(24))),
        service_title: "Windows".into(),
        service_price_minor: 4990,
        credits_required: 0,
        currency: Currency::EUR,
        duration_minutes: 90,
        buffer_before_minutes: 0,
        buffer_after_minutes: 0,
        cancellation_policy: Policy::Moderate,
        commission_bps: 1500,
        books_instantly: instantly,
        total_minor: 4990,
        paid_minor: 0,
        retained_minor: 0,
        refund_minor: None,
        agreed_minor: 0,
        secured_minor: 0,
        kept_minor: None,
        min_kept_percent: 0,
        customer_moves: 0,
        min_notice_minutes: 60,
        contest_until: None,
        disputed_from: None,
        disputed_at: None,
        payment_method: PaymentMethod::Cash,
        payment_type: PaymentType::Immediate,
        payment_status: PaymentStatus::Unpaid,
        notes: String::new(),
        address: None,
        cancelled_by: None,
        cancellation_reason: None,
        ics_sequence: 0,
        version: 1,
        created_at,
        updated_at: created_at,
        completed_at: None,
        proposal_id: None::<ProposalId>,
        proposal_by: None,
        proposal_starts_at: None,
        proposal_ends_at: None,
        proposal_timezone: None,
        proposal_reason: None,
        proposal_created_at: None,
        proposal_expires_at: None,
        history: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn random_events_never_leave_the_table_and_history_is_a_path(
        instantly: bool,
        awaits_payment: bool,
        steps in proptest::collection::vec(
            (proptest::sample::select(Event::VARIANTS), proptest::sample::select(Actor::VARIANTS), 0..1500_i64), 1..40),
    ) {
        let first = match (awaits_payment, instantly) {
            (true, _) => State::AwaitingPayment,
            (false, true) => State::Confirmed,
            (false, false) => State::PendingAcceptance,
        };
        let mut booking = booking(instantly, first);
        let mut now = booking.created_at;
        for (event, actor, minutes) in steps {
            now = now.plus(SignedDuration::from_mins(minutes));
            let before = booking.clone();
            let by = By { actor, id: None, reason: None };
            let Ok(line) = booking.transition(event, actor, now) else {
                prop_assert!(!booking.allowed(actor, now).contains(&event));
                continue;
            };
            prop_assert!(before.allowed(actor, now).contains(&event));
            prop_assert!(line.from.contains(&before.state) && line.who.contains(&actor));
            let later = now.plus(SignedDuration::from_hours(30));
            let span = Span { starts_at: later, ends_at: later.plus(SignedDuration::from_mins(90)) };
            let to = NewTime { span, timezone: "Europe/Rome".into() };
            let change = booking.apply(line, &by, Some(&to), now);
            prop_assert_eq!(booking.state, line.to.unwrap_or(before.state));
            prop_assert_eq!(booking.version, before.version + 1);
            prop_assert_eq!(change.release, before.state.holds_slot() && !booking.state.holds_slot());
            prop_assert_eq!(booking.list_position, list_position(booking.state, booking.starts_at));
            prop_assert_eq!(change.proposed.is_some(), event == Event::RescheduleProposed);
            prop_assert_eq!(change.closed.is_some(), before.proposal_id.is_some() && booking.proposal_id.is_none());
            prop_assert!(booking.refund_minor.is_none_or(|refund| (0..=booking.total_minor).contains(&refund)));
            prop_assert!(booking.starts_at < booking.ends_at);
            prop_assert!(booking.customer_moves <= 3 && booking.min_kept_percent >= before.min_kept_percent);
            prop_assert!(booking.contest_until.is_none() || booking.is_contested());
            prop_assert_eq!(booking.cancelled_by.is_some(), booking.state.status() == Status::Cancelled);
        }
        let mut state = first;
        for entry in booking.history.iter().flat_map(|history| &history.0) {
            prop_assert_eq!(entry.from, Some(state));
            let known = TABLE.iter().any(|line| {
                line.event == entry.event && line.from.contains(&state) && line.to.unwrap_or(state) == entry.to
                    && line.who.contains(&entry.by)
            });
            prop_assert!(known, "{:?}", entry);
            state = entry.to;
        }
        prop_assert_eq!(state, booking.state);
    }
}

#[tokio::test]
async fn random_requests_leave_histories_that_are_paths_and_hold_what_they_should() {
    let w = World::new().await;
    let mut paths = Vec::new();
    for day in 3..=8 {
        w.schedule(json!({"auto_accept": day % 3 == 0})).await;
        paths.push(w.book(&format!("2026-03-0{day}"), "10:00").await);
    }
    let mut seed = 11_u64;
    for step in 0..240_u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step);
        let random = usize::try_from(seed >> 33).unwrap();
        let path = &paths[random % paths.len()];
        let who = if random % 2 == 0 { &w.ann } else { &w.bob };
        let day = 10 + random % 15;
        let to = json!({"scheduled_date": format!("2026-03-{day}"), "scheduled_time": format!("{:02}:00", 8 + random % 11)});
        let answer = match random / 7 % 9 {
            0 => w.bob.put(&job(path, "accept"), json!({})).await,
            1 => w.bob.put(&job(path, "decline"), json!({})).await,
            2 if random % 5 == 0 => who.put(&format!("{path}cancel/"), json!({})).await,
            3 => w.bob.put(&format!("{path}status/"), json!({"status": "ongoing"})).await,
            4 => w.bob.put(&format!("{path}status/"), json!({"status": "completed"})).await,
            5 => who.put(&format!("{path}no-show/"), json!({})).await,
            6 => who.put(&format!("{path}reschedule/accept/"), json!({})).await,
            7 => who.put(&format!("{path}reschedule/decline/"), json!({})).await,
            _ => who.put(&format!("{path}reschedule/"), to).await,
        };
        assert!([200, 409, 422].contains(&answer.status.as_u16()), "{}", answer.text());
        if step % 8 == 0 {
            w.hours(1);
            w.t.run_jobs().await;
        }
    }
    let broken = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
               select from_state, lag(to_state) over (partition by booking_id order by id) as before from booking_history) h
            where h.from_state is distinct from h.before"#
    );
    assert_eq!(broken.fetch_one(&w.t.app.db).await.unwrap(), 0);
    let wrong = sqlx::query_scalar!(
        r#"select count(*) as "count!" from bookings b
            where (b.state in ('pending_acceptance', 'confirmed', 'in_progress'))
                  <> exists (select from reservations r where r.booking_id = b.id and r.purpose = 'booking'
                              and r.starts_at = b.starts_at and r.ends_at = b.ends_at)
               or exists (select from reschedule_proposals p where p.booking_id = b.id and p.state = 'open')
                  <> exists (select from reservations r where r.booking_id = b.id and r.purpose = 'proposal')
               or b.version <> (select count(*) from booking_history h where h.booking_id = b.id)
               or b.state <> (select to_state from booking_history h where h.booking_id = b.id order by id desc limit 1)"#
    );
    assert_eq!(wrong.fetch_one(&w.t.app.db).await.unwrap(), 0);
}
