//! Buyers of credits who want their money back through their bank.

use rstest::rstest;
use serde_json::json;

use super::{
    World,
    credits::{MEDIUM, SMALL},
};

impl World {
    /// The gateway has news, and tells of it as often as it likes.
    async fn news(&self, seconds: i64) {
        self.later(seconds).await;
        self.tell_in(|count| (0..3 * count).map(|place| place % count).collect()).await;
    }

    /// Ann buys 100 credits and has 5 more, pays 40 for a booking, and disputes what she paid; the booking.
    async fn dispute_credits(&self, card: &str) -> String {
        self.buy(MEDIUM, card).await.expect(201);
        let booking = self.book("credits", "credits").await;
        self.pay_by_credits(&booking).await.expect(201);
        self.news(3).await;
        booking
    }

    /// What she has, and what happened to it last.
    async fn wallet(&self) -> String {
        let credits = self.credits().await;
        let lines = credits["transactions"].as_array().unwrap().iter().take(2);
        let lines =
            lines.map(|line| format!("{} {}", line["transaction_type"].as_str().unwrap(), line["amount"]));
        format!("{}: {}", credits["balance"], lines.collect::<Vec<_>>().join(", "))
    }
}

#[tokio::test]
async fn unused_credits_pay_for_the_dispute_and_used_ones_are_lost() {
    let w = World::instant().await;
    let booking = w.dispute_credits("disputed_lost").await;
    assert_eq!(w.books().await, "disputes 4000, escrow 4000");
    assert_eq!(w.wallet().await, "0.0: bonus -5.0, refund -60.0");
    w.complete(&booking).await;
    w.news(6).await;
    assert_eq!(w.books().await, "commission 600, losses 4000, provider_pending 3400");
    w.gateway_agrees().await;
}

#[rstest]
#[case::while_it_is_open(false)]
#[case::after_it_is_lost(true)]
#[tokio::test]
async fn credits_that_come_back_pay_for_it_too(#[case] is_decided: bool) {
    let w = World::instant().await;
    let booking = w.dispute_credits("disputed_lost").await;
    if is_decided {
        w.news(6).await;
        assert_eq!(w.books().await, "escrow 4000, losses 4000");
    }
    w.cancel(&w.bob, &booking).await;
    assert_eq!(w.books().await, "");
    assert_eq!(w.wallet().await, "0.0: refund -40.0, refund 40.0");
    w.news(6).await;
    assert_eq!(
        (w.books().await.as_str(), w.state(&booking).await.as_str()),
        ("", "cancelled_by_provider refunded")
    );
}

#[rstest]
#[case::the_booking_stands(false, "clearing 10000, credits 6500, escrow 4000, promotions 500", "65.0")]
#[case::it_was_cancelled_meanwhile(true, "clearing 10000, credits 10500, promotions 500", "105.0")]
#[tokio::test]
async fn where_we_win_the_credits_are_there_again(
    #[case] is_cancelled: bool,
    #[case] books: &str,
    #[case] balance: &str,
) {
    let w = World::instant().await;
    let booking = w.dispute_credits("disputed_won").await;
    if is_cancelled {
        w.cancel(&w.bob, &booking).await;
    }
    w.news(6).await;
    assert_eq!(w.books().await, books);
    assert!(
        w.wallet().await.starts_with(&format!("{balance}: bonus 5.0, purchase ")),
        "{}",
        w.wallet().await
    );
    w.gateway_agrees().await;
    // They can be spent, and what comes back from now on is the buyer's.
    let other = w.book_at("2026-03-05", "10:00", "credits", "credits").await;
    w.pay_by_credits(&other).await.expect(201);
    w.cancel(&w.bob, &other).await;
    assert_eq!(w.books().await, books);
}

#[tokio::test]
async fn a_dispute_that_is_heard_of_when_it_is_over_changes_nothing_where_we_won() {
    let w = World::instant().await;
    w.buy(MEDIUM, "disputed_won").await.expect(201);
    w.news(3600).await;
    assert_eq!(w.books().await, "clearing 10000, credits 10500, promotions 500");
    assert_eq!(w.credits().await["balance"], json!(105.0));
}

#[rstest]
#[case("disputed_won", "")]
#[case("disputed_lost", "losses 2500")]
#[tokio::test]
async fn what_had_gone_back_before_goes_out_twice(#[case] card: &str, #[case] in_the_end: &str) {
    let w = World::instant().await;
    w.buy(SMALL, card).await.expect(201);
    let lot = w.lots().await.remove(0);
    w.give_credits_back(&w.ann, &lot).await.expect(201);
    w.t.run_jobs().await;
    w.news(3).await;
    assert_eq!(w.books().await, "clearing -2500, losses 2500");
    w.news(6).await;
    assert_eq!(w.books().await, in_the_end.replace("losses", "clearing -2500, losses"));
    w.gateway_agrees().await;
}

#[tokio::test]
async fn disputed_credits_are_not_given_back_by_us_as_well() {
    let w = World::instant().await;
    w.buy(SMALL, "disputed_lost").await.expect(201);
    let lot = w.lots().await.remove(0);
    w.news(3).await;
    w.give_credits_back(&w.ann, &lot).await.refused(409, "credits_not_refundable");
}

#[tokio::test]
async fn credits_are_spent_or_pay_for_the_dispute_however_many_spend_at_once() {
    let w = World::instant().await;
    w.buy(MEDIUM, "disputed_lost").await.expect(201);
    let mut bookings = Vec::new();
    for hour in ["08:00", "11:00", "14:00", "17:00"] {
        bookings.push(w.hold_at("2026-03-05", hour, "credits", "credits").await);
    }
    w.pay_by_credits(&bookings[0]).await.expect(201);
    w.later(3).await;
    let spends = bookings[1..].iter().map(|booking| w.pay_by_credits(booking));
    let (answers, (), ()) =
        tokio::join!(futures_util::future::join_all(spends), w.tell(), w.cancel(&w.bob, &bookings[0]));
    assert!(answers.iter().all(|answer| answer.status == 201 || answer["code"] == "insufficient_credits"));
    w.books().await;
    for booking in &bookings {
        w.bob.put(&format!("/bookings/{booking}/cancel/"), json!({})).await;
    }
    w.later(60).await;
    w.news(6).await;
    assert_eq!(w.books().await, "", "all that was spent came back, and paid for the dispute");
    w.gateway_agrees().await;
}
