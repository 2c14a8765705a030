//! Crashes between any two steps, and a payment that comes at the very moment when its time is over: the end is the
//! same as without.

use bookings::{PaymentMethod, PaymentType};
use jiff::SignedDuration;
use platform::{
    ids::{BookingId, OperationId},
    ports::gateway::Outcome,
};
use rstest::rstest;
use serde_json::json;

use super::World;
use crate::{
    method::Method,
    operation::{self, Settler},
    price::{Price, Priced},
    routes::new_payment,
    settle::settle,
    store,
};

impl World {
    /// The first step of paying, as the server does it before it crashes.
    pub(super) async fn written_down(&self, booking: &str, method: &str) -> OperationId {
        let now = self.t.now();
        let id: BookingId = booking.parse().unwrap();
        let method = Method {
            gateway: platform::ports::gateway::GatewayName::Sandbox,
            payer: None,
            reference: Some(format!("pm_sandbox_{method}")),
        };
        let mut tx = self.t.app.db.begin().await.unwrap();
        let booking = bookings::lock(&mut tx, id).await.unwrap().unwrap();
        let price = Price::new(booking.money(booking.total_minor), 0, false, 0);
        let priced = Priced { price, promo: None, fee_is_refundable: true };
        let by = (PaymentMethod::Card, PaymentType::Immediate);
        let (payment, charge) = new_payment(&booking, &priced, by, method, now);
        store::payments::insert(&mut tx, &payment).await.unwrap();
        operation::begin(&mut tx, &charge, Settler::Request).await.unwrap();
        tx.commit().await.unwrap();
        charge.id
    }

    /// The second step: the gateway is asked, and nobody has heard its answer yet.
    pub(super) async fn asked(&self, charge: OperationId) -> Outcome {
        let mut db = self.t.app.db.acquire().await.unwrap();
        let charge = store::operations::find(&mut db, charge).await.unwrap().unwrap();
        operation::ask(&self.t.app, &charge).await
    }
}

#[rstest]
#[case(0, "visa")]
#[case(1, "visa")]
#[case(1, "drops_reply")]
#[case(1, "reports_late")]
#[tokio::test]
async fn a_payment_goes_on_after_a_crash(#[case] steps: u32, #[case] method: &str) {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let charge = w.written_down(&booking, method).await;
    for _ in 0..steps {
        w.asked(charge).await;
    }
    // A second try meanwhile is refused, not charged.
    w.pay(&booking, "visa").await.refused(409, "payment_in_progress");
    for _ in 0..4 {
        w.later(20).await;
    }
    assert_eq!(w.state(&booking).await, "confirmed paid");
    assert_eq!(
        (w.gateway_book().await.as_str(), w.books().await.as_str()),
        ("charge 4990", "clearing 4990, escrow 4990")
    );
}

#[tokio::test]
async fn a_charge_that_no_gateway_heard_of_is_given_up_with_its_booking() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    w.written_down(&booking, "visa").await;
    w.ann.put(&format!("/bookings/{booking}/cancel/"), json!({})).await.expect(200);
    w.later(30).await;
    assert_eq!((w.gateway_book().await.as_str(), w.state(&booking).await.as_str()), ("", "withdrawn failed"));
}

#[tokio::test]
async fn whoever_settles_first_the_end_is_the_same() {
    for _ in 0..10 {
        let w = World::instant().await;
        let booking = w.book("card", "immediate").await;
        let charge = w.written_down(&booking, "visa").await;
        w.asked(charge).await;
        // The time is over in this very moment, while three hear of the success.
        w.t.advance(SignedDuration::from_mins(15));
        let (app, outcome) = (&w.t.app, Outcome::Succeeded { reference: "ch".to_owned() });
        let settles = (0..3).map(async |_| {
            let mut tx = app.db.begin().await.unwrap();
            settle(app, &mut tx, charge, &outcome).await.unwrap();
            tx.commit().await.unwrap();
        });
        tokio::join!(futures_util::future::join_all(settles), w.t.run_jobs());
        for _ in 0..3 {
            w.later(20).await;
        }
        let expected = match w.state(&booking).await.as_str() {
            "confirmed paid" => "clearing 4990, escrow 4990",
            // It came too late. The gateway does not know a charge of this name, so it stays owed.
            "payment_expired refunded" => "clearing 4990, refunds_payable 4990",
            other => panic!("{other}"),
        };
        assert_eq!(w.books().await, expected);
    }
}

#[tokio::test]
async fn lost_replies_charge_each_booking_once() {
    let w = World::instant().await;
    let mut bookings = Vec::new();
    for day in 5..10 {
        for time in ["08:00", "11:00", "14:00", "17:00"] {
            bookings.push(w.hold_at(&format!("2026-03-{day:02}"), time, "card", "immediate").await);
        }
    }
    futures_util::future::join_all(bookings.iter().map(|booking| w.pay(booking, "drops_reply"))).await;
    for _ in 0..3 {
        w.later(20).await;
    }
    for booking in &bookings {
        assert_eq!(w.state(booking).await, "confirmed paid");
    }
    assert_eq!(w.gateway_book().await.matches("charge").count(), 20);
    assert_eq!(w.books().await, "clearing 99800, escrow 99800");
}
