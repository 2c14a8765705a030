//! Credits: bought, spent, given back, expired; never below nothing.

use platform::{auth::StaffRole, testing::Client};
use serde_json::{Value, json};

use super::World;
use crate::credits::CreditKind;

pub(super) const SMALL: &str = "019cad9a-7000-7000-8000-00000000c001";
pub(super) const MEDIUM: &str = "019cad9a-7000-7000-8000-00000000c002";
pub(super) const LARGE: &str = "019cad9a-7000-7000-8000-00000000c003";

impl World {
    pub(super) async fn buy(&self, package: &str, method: &str) -> super::Answer {
        let body = json!({"package_id": package, "payment_method": "card", "payment_method_id": format!("pm_sandbox_{method}")});
        self.ann.post(&format!("/users/{}/credits/purchase/", self.ann.id()), body).await
    }

    /// The lots that have something on them.
    pub(super) async fn lots(&self) -> Vec<String> {
        let credits = self.credits().await;
        credits["lots"].as_array().unwrap().iter().map(|lot| lot["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Somebody asks for Ann's money back.
    pub(super) async fn give_credits_back(&self, who: &Client, lot: &str) -> super::Answer {
        who.post(&format!("/users/{}/credits/refund/", self.ann.id()), json!({"lot_id": lot})).await
    }

    pub(super) async fn credits(&self) -> Value {
        self.ann.get(&format!("/users/{}/credits/", self.ann.id())).await.expect(200).body
    }

    pub(super) async fn pay_by_credits(&self, booking: &str) -> super::Answer {
        let body = json!({"booking_id": booking, "payment_type": "credits", "payment_method": "credits"});
        self.ann.post("/payments/process/", body).await
    }
}

#[tokio::test]
async fn credits_are_bought_spent_and_given_back() {
    let w = World::instant().await;
    assert_eq!(w.ann.get("/credits/packages/?lang=de").await.expect(200)["results"][0]["name"], "Klein");
    let payment = w.buy(MEDIUM, "visa").await.expect(201);
    assert_eq!(
        (&payment["status"], &payment["booking"], &payment["amount"]),
        (&json!("completed"), &Value::Null, &json!(100.0))
    );
    assert_eq!(w.books().await, "clearing 10000, credits 10500, promotions 500");
    // The service costs 40 credits.
    let booking = w.book("credits", "credits").await;
    let paid = w.pay_by_credits(&booking).await.expect(201);
    assert_eq!((w.state(&booking).await.as_str(), &paid["amount"]), ("confirmed paid", &json!(40.0)));
    assert_eq!(w.books().await, "clearing 10000, credits 6500, escrow 4000, promotions 500");
    w.pay_by_credits(&booking).await.refused(409, "already_paid");
    w.cancel(&w.bob, &booking).await;
    assert_eq!(w.books().await, "clearing 10000, credits 10500, promotions 500");
    assert_eq!(w.status(&paid.str("id")).await, "refunded");
    let credits = w.credits().await;
    let lines: Vec<_> = credits["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            format!(
                "{} {} {}",
                line["transaction_type"].as_str().unwrap(),
                line["amount"],
                line["balance_after"]
            )
        })
        .collect();
    assert_eq!(lines, ["refund 40.0 105.0", "used -40.0 65.0", "bonus 5.0 105.0", "purchase 100.0 100.0"]);
    assert_eq!(credits["balance"], json!(105.0));
}

#[tokio::test]
async fn done_work_that_was_paid_by_credits_is_earned_like_any_other() {
    let w = World::instant().await;
    w.buy(MEDIUM, "visa").await.expect(201);
    let booking = w.book("credits", "credits").await;
    let payment = w.pay_by_credits(&booking).await.expect(201).str("id");
    w.complete(&booking).await;
    assert_eq!(
        w.books().await,
        "clearing 10000, commission 600, credits 6500, promotions 500, provider_pending 3400"
    );
    let body = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    assert_eq!(
        w.books().await,
        "clearing 10000, commission 450, credits 7500, promotions 500, provider_pending 2550"
    );
}

#[tokio::test]
async fn a_purchase_that_is_declined_gives_nothing() {
    let w = World::instant().await;
    w.buy(SMALL, "declined").await.refused(402, "card_declined");
    let waits = w.buy(SMALL, "3ds").await.expect(201);
    assert_eq!(waits["status"], "requires_action");
    assert_eq!(w.credits().await["balance"], json!(0.0));
    assert!(w.sandbox.decide(&waits.str("transaction_id"), true).await.unwrap());
    w.later(10).await;
    assert_eq!(w.credits().await["balance"], json!(25.0));
    let booking = w.book("credits", "credits").await;
    w.pay_by_credits(&booking).await.refused(402, "insufficient_credits");
    assert_eq!(w.state(&booking).await, "awaiting_payment unpaid");
}

#[tokio::test]
async fn many_spends_at_once_never_go_below_nothing() {
    let w = World::instant().await;
    for _ in 0..4 {
        w.buy(MEDIUM, "visa").await.expect(201);
    }
    // 420 credits are enough for ten of these.
    let mut bookings = Vec::new();
    for day in 5..13 {
        for time in ["08:00", "11:00", "14:00", "17:00"] {
            bookings.push(w.hold_at(&format!("2026-03-{day:02}"), time, "credits", "credits").await);
        }
    }
    let answers =
        futures_util::future::join_all(bookings.iter().map(|booking| w.pay_by_credits(booking))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 10);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer["code"] == "insufficient_credits"));
    assert_eq!(w.credits().await["balance"], json!(20.0));
    w.books().await;
}

#[tokio::test]
async fn the_earliest_expiry_is_spent_first_and_what_expires_is_gone() {
    let w = World::instant().await;
    w.buy(SMALL, "visa").await.expect(201);
    let mut tx = w.t.app.db.begin().await.unwrap();
    crate::credits::give(&mut tx, w.ann.id(), CreditKind::Bonus, 2000, "Sorry", w.t.now()).await.unwrap();
    tx.commit().await.unwrap();
    // What was granted expires first: all of it, and 20 of what was bought.
    let booking = w.book("credits", "credits").await;
    w.pay_by_credits(&booking).await.expect(201);
    let left = sqlx::query_scalar!(
        r#"select b.balance as "left!" from ledger_balances b join credit_lots l on l.id::text = b.part
            where b.purpose = 'credits' order by l.is_granted"#
    );
    assert_eq!(left.fetch_all(&w.t.app.db).await.unwrap(), [500, 0]);
    w.complete(&booking).await;
    w.later(1100 * 24 * 3600).await;
    let credits = w.credits().await;
    assert_eq!(
        (&credits["balance"], &credits["transactions"][0]["transaction_type"]),
        (&json!(0.0), &json!("expired"))
    );
    assert!(w.books().await.contains("expired_credits 500"));
}

#[tokio::test]
async fn credits_are_ones_own() {
    let w = World::instant().await;
    let path = format!("/users/{}/credits/", w.ann.id());
    w.bob.get(&path).await.refused(404, "not_found");
    w.t.anonymous().get(&path).await.refused(401, "unauthenticated");
    let staff = w.t.staff("Sue", platform::auth::StaffRole::Support).await;
    staff.get(&path).await.expect(200);
    let body = json!({"package_id": SMALL, "payment_method": "card"});
    w.bob.post(&format!("{path}purchase/"), body.clone()).await.refused(404, "not_found");
    w.t.anonymous().post(&format!("{path}purchase/"), body).await.refused(401, "unauthenticated");
    for (name, value, status, code) in [
        ("package_id", json!("x"), 422, "validation_failed"),
        ("package_id", json!(w.ann.id()), 404, "not_found"),
        ("payment_method", json!("cash"), 422, "payment_method_unavailable"),
    ] {
        let mut body = json!({"package_id": SMALL, "payment_method": "card"});
        body[name] = value;
        w.ann.post(&format!("{path}purchase/"), body).await.refused(status, code);
    }
}

#[tokio::test]
async fn what_happened_to_credits_is_listed_in_pages() {
    let w = World::instant().await;
    for _ in 0..5 {
        w.buy(SMALL, "visa").await.expect(201);
    }
    let path = format!("/users/{}/credits/?page_size=2", w.ann.id());
    let (mut next, mut balances) = (Some(path), Vec::new());
    while let Some(path) = next {
        let page = w.ann.get(&path).await.expect(200);
        assert_eq!(
            (&page["balance"], &page["count"], &page["count_exact"]),
            (&json!(125.0), &json!(5), &json!(true))
        );
        let lines = page["transactions"].as_array().unwrap();
        balances.extend(lines.iter().map(|line| line["balance_after"].clone()));
        next = page["next"].as_str().map(|url| url.split_once("8000").unwrap().1.to_owned());
    }
    assert_eq!(json!(balances), json!([125.0, 100.0, 75.0, 50.0, 25.0]));
    shape!(w.ann.get(&format!("/users/{}/credits/?page=3&page_size=2", w.ann.id())).await.expect(200));
}

#[tokio::test]
async fn unused_credits_go_back_to_the_card_that_bought_them() {
    let w = World::instant().await;
    let bought = w.buy(MEDIUM, "visa").await.expect(201).str("id");
    let booking = w.book("credits", "credits").await;
    w.pay_by_credits(&booking).await.expect(201);
    let lot = w.lots().await.remove(0);
    assert_eq!(w.credits().await["lots"][0]["refundable"], json!(60.0), "what was given on top is used last");
    shape!(w.give_credits_back(&w.ann, &lot).await.expect(201));
    assert_eq!(w.books().await, "clearing 10000, escrow 4000, refunds_payable 6000");
    w.give_credits_back(&w.ann, &lot).await.refused(409, "credits_not_refundable");
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "clearing 4000, escrow 4000");
    assert_eq!(w.status(&bought).await, "partially_refunded");
    assert_eq!(w.credits().await["balance"], json!(0.0));
    // What comes back to the lot can be spent, or go back, too.
    w.cancel(&w.bob, &booking).await;
    assert_eq!(w.books().await, "clearing 4000, credits 4000");
    assert_eq!(w.give_credits_back(&w.ann, &lot).await.expect(201)["amount"], json!(40.0));
    w.t.run_jobs().await;
    assert_eq!((w.books().await.as_str(), w.status(&bought).await.as_str()), ("", "refunded"));
    assert_eq!(w.gateway_book().await, "charge 10000, refund 6000, refund 4000");
    let notes = w.ann.get(&format!("/payments/{bought}/receipt/")).await.expect(200);
    assert_eq!(notes["credit_notes"].as_array().unwrap().len(), 2, "{}", notes.text());
}

#[tokio::test]
async fn only_bought_credits_go_back_and_for_their_owner_only_for_a_while() {
    let w = World::instant().await;
    let (finance, support) =
        (w.t.staff("Fin Ance", StaffRole::Finance).await, w.t.staff("Sue", StaffRole::Support).await);
    let mut tx = w.t.app.db.begin().await.unwrap();
    crate::credits::give(&mut tx, w.ann.id(), CreditKind::Bonus, 2000, "Sorry", w.t.now()).await.unwrap();
    tx.commit().await.unwrap();
    let granted = w.lots().await.remove(0);
    for who in [&w.ann, &finance] {
        w.give_credits_back(who, &granted).await.refused(409, "credits_not_refundable");
    }
    w.buy(SMALL, "visa").await.expect(201);
    let bought = w.lots().await.remove(1);
    w.give_credits_back(&w.bob, &bought).await.refused(404, "not_found");
    w.give_credits_back(&support, &bought).await.refused(403, "forbidden");
    w.give_credits_back(&w.ann, &w.ann.id().to_string()).await.refused(404, "not_found");
    let of_bob = format!("/users/{}/credits/refund/", w.bob.id());
    w.bob.post(&of_bob, json!({"lot_id": bought})).await.refused(404, "not_found");
    w.ann
        .post(
            &of_bob.replace(&w.bob.id().to_string(), &w.ann.id().to_string()),
            json!({"lot_id": bought, "reason": " "}),
        )
        .await
        .refused(422, "validation_failed");
    w.later(14 * 24 * 3600).await;
    w.give_credits_back(&w.ann, &bought).await.refused(409, "credits_not_refundable");
    let back = w.give_credits_back(&finance, &bought).await.expect(201);
    assert_eq!((&back["amount"], &back["bonus_withdrawn"]), (&json!(25.0), &json!(0.0)));
    w.t.run_jobs().await;
    assert_eq!(w.gateway_book().await, "charge 2500, refund 2500");
    assert_eq!(w.credits().await["balance"], json!(20.0));
    w.books().await;
}

#[tokio::test]
async fn credits_that_the_gateway_cannot_bring_back_find_another_way() {
    let w = World::instant().await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    for card in ["refund_recovers", "refund_returned", "refund_declined"] {
        w.buy(SMALL, card).await.expect(201);
        let lot = w.lots().await.remove(0);
        let refund = w.give_credits_back(&w.ann, &lot).await.expect(201).str("id");
        for _ in 0..2 {
            w.later(10).await;
            w.tell().await;
        }
        assert_eq!(w.credits().await["balance"], json!(0.0));
        if card == "refund_recovers" {
            w.later(3600).await;
            assert_eq!(w.books().await, "");
            continue;
        }
        assert!(w.books().await.ends_with("refunds_payable 2500"), "{}", w.books().await);
        let way = if card == "refund_returned" { "bank_transfer" } else { "credits" };
        let body = json!({"by": way, "note": "The card is closed."});
        finance.post(&format!("/admin/refunds/{refund}/bring/"), body).await.expect(201);
    }
    assert_eq!(w.books().await, "bank -2500, clearing 5000, credits 2500");
    // They stand for money that was paid back already.
    let lot = w.lots().await.remove(0);
    w.give_credits_back(&finance, &lot).await.refused(409, "credits_not_refundable");
}

#[tokio::test]
async fn no_more_goes_back_than_is_unused_however_many_spend_and_ask_at_once() {
    let w = World::instant().await;
    for _ in 0..3 {
        w.buy(MEDIUM, "visa").await.expect(201);
    }
    // Of 315 credits these leave some, however fast they are.
    let mut bookings = Vec::new();
    for day in 5..9 {
        bookings.push(w.hold_at(&format!("2026-03-{day:02}"), "10:00", "credits", "credits").await);
    }
    let lots = w.lots().await;
    let requests = (0..100).map(async |number: usize| {
        match bookings.get(number / 4).filter(|_| number.is_multiple_of(4)) {
            Some(booking) => w.pay_by_credits(booking).await,
            None => w.give_credits_back(&w.ann, &lots[number % 3]).await,
        }
    });
    let answers = futures_util::future::join_all(requests).await;
    for answer in &answers {
        let code = answer["code"].as_str().unwrap_or_default();
        assert!(
            answer.status == 201 || ["insufficient_credits", "credits_not_refundable"].contains(&code),
            "{code}"
        );
    }
    w.t.run_jobs().await;
    w.later(60).await;
    let row = sqlx::query!(
        r#"select (select coalesce(sum(amount_minor), 0)::bigint from refunds) as "back!",
                  (select coalesce(sum(amount_minor), 0)::bigint from payments where payment_method = 'credits') as "spent!",
                  (select coalesce(-sum(amount_minor), 0)::bigint from credit_transactions
                    where kind = 'bonus' and amount_minor < 0) as "gone!",
                  (select balance_minor from credit_wallets) as "left!""#
    );
    let row = row.fetch_one(&w.t.app.db).await.unwrap();
    assert!(row.back > 0);
    assert_eq!(row.back + row.spent + row.gone + row.left, 31_500);
    w.books().await;
    w.gateway_agrees().await;
}
