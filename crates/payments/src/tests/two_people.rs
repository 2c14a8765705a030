//! Money that one member of staff does not move alone, and never their own.

use jiff::SignedDuration;
use platform::{auth::StaffRole, testing::Client};
use serde_json::{Value, json};

use super::{World, credits::LARGE};

#[expect(clippy::needless_pass_by_value, reason = "a number is written where it is used")]
fn refund(payment: &str, amount: Value) -> Value {
    json!({"payment_id": payment, "amount": amount, "reason": "Nothing was done."})
}

impl World {
    async fn staff(&self, name: &str) -> Client {
        self.t.staff(name, StaffRole::Finance).await
    }

    /// Ann has paid 250.00 by card.
    async fn paid_much(&self) -> String {
        sqlx::query!("update services set price_minor = 25000 where id = $1", self.service as _)
            .execute(&self.t.app.db)
            .await
            .unwrap();
        self.paid("visa").await.1
    }

    /// Somebody begins to work here, too.
    async fn hire(&self, who: &Client) {
        sqlx::query!("update users set staff_role = 'finance' where id = $1", who.id() as _)
            .execute(&self.t.app.db)
            .await
            .unwrap();
    }

    async fn acts(&self) -> Vec<String> {
        let acts = sqlx::query_scalar!("select action from audit_log order by id");
        acts.fetch_all(&self.t.app.db).await.unwrap()
    }
}

#[tokio::test]
async fn of_staff_only_finance_refunds() {
    let w = World::instant().await;
    let (_, payment) = w.paid("visa").await;
    for role in [StaffRole::Support, StaffRole::Moderator] {
        let other = w.t.staff(<&str>::from(role), role).await;
        other.post("/payments/refund/", refund(&payment, json!(1))).await.refused(403, "forbidden");
    }
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    for (name, role) in [("Fin", StaffRole::Finance), ("Root", StaffRole::Superuser)] {
        let allowed = w.t.staff(name, role).await;
        w.t.advance(SignedDuration::from_secs(1));
        allowed.post("/payments/refund/", refund(&payment, json!(1))).await.expect(201);
    }
    assert_eq!(w.acts().await, ["refund.create", "refund.create"]);
}

#[tokio::test]
async fn a_refund_above_a_hundred_by_finance_waits_for_a_second_person() {
    let w = World::instant().await;
    let (fin, sec) = (w.staff("Fin Ance").await, w.staff("Sec Ond").await);
    let payment = w.paid_much().await;
    let asked = fin.post("/payments/refund/", refund(&payment, json!(100.01))).await.expect(202);
    assert_eq!((asked.str("status").as_str(), &asked["refund_id"]), ("pending_approval", &Value::Null));
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "clearing 25000, escrow 25000");
    let path = |verb: &str| format!("/admin/refunds/{}/{verb}/", asked.str("id"));
    assert_eq!(w.tasks(&sec).await, ["refund_requested"]);
    fin.post(&path("approve"), json!({})).await.refused(403, "second_person_required");
    let no = json!({"reason": "Not enough."});
    fin.post(&path("reject"), no.clone()).await.refused(403, "second_person_required");
    let support = w.t.staff("Sue Port", StaffRole::Support).await;
    support.post(&path("approve"), json!({})).await.refused(403, "forbidden");
    w.t.advance(SignedDuration::from_secs(1));
    let keyed = sec.with("Idempotency-Key", "approve-1");
    let approved = keyed.post(&path("approve"), json!({})).await.expect(200);
    assert_eq!(keyed.post(&path("approve"), json!({})).await.expect(200)["refund_id"], approved["refund_id"]);
    assert_eq!(approved.str("status"), "approved");
    for person in [&fin, &sec] {
        person.post(&path("reject"), no.clone()).await.refused(409, "decided_already");
    }
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "clearing 14999, escrow 14999");
    assert_eq!(w.acts().await, ["refund.request", "refund_request.approve"]);
    let listed = sec.get("/admin/refunds/?status=approved").await.expect(200);
    assert_eq!((&listed["count"], &listed["results"][0]["id"]), (&json!(1), &asked["id"]));
    assert_eq!(sec.get("/admin/refunds/?status=pending_approval").await.expect(200)["count"], 0);
}

#[tokio::test]
async fn many_small_refunds_of_finance_count_as_one_large_one() {
    let w = World::instant().await;
    let (fin, sec) = (w.staff("Fin Ance").await, w.staff("Sec Ond").await);
    let payment = w.paid_much().await;
    // What the provider gives is theirs, and counts for nothing.
    w.bob.post("/payments/refund/", refund(&payment, json!(20))).await.expect(201);
    fin.post("/payments/refund/", refund(&payment, json!(60))).await.expect(201);
    fin.post("/payments/refund/", refund(&payment, json!(60))).await.expect(202);
    let asked = sec.post("/payments/refund/", refund(&payment, json!(40.01))).await.expect(202);
    sec.post("/payments/refund/", refund(&payment, json!(40))).await.expect(201);
    // What two have decided does not use the limit up, which is used up.
    fin.post(&format!("/admin/refunds/{}/approve/", asked.str("id")), json!({})).await.expect(200);
    fin.post("/payments/refund/", refund(&payment, json!(0.01))).await.expect(202);
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "clearing 8999, escrow 8999");
}

#[tokio::test]
async fn of_parallel_refunds_by_finance_no_more_than_a_hundred_go_alone() {
    let w = World::instant().await;
    let fin = w.staff("Fin Ance").await;
    let payment = w.paid_much().await;
    let all = (0..6).map(|_| fin.post("/payments/refund/", refund(&payment, json!(30))));
    let mut statuses: Vec<_> =
        futures_util::future::join_all(all).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 201, 202, 202, 202]);
}

#[tokio::test]
async fn a_request_that_is_rejected_or_too_old_moves_nothing() {
    let w = World::instant().await;
    let (fin, sec) = (w.staff("Fin Ance").await, w.staff("Sec Ond").await);
    let payment = w.paid_much().await;
    let ask = || fin.post("/payments/refund/", refund(&payment, Value::Null));
    let rejected = format!("/admin/refunds/{}/", ask().await.expect(202).str("id"));
    sec.post(&format!("{rejected}reject/"), json!({"reason": " "})).await.refused(422, "validation_failed");
    let answer = sec.post(&format!("{rejected}reject/"), json!({"reason": "No."})).await.expect(200);
    assert_eq!(answer.str("status"), "rejected");
    sec.post(&format!("{rejected}approve/"), json!({})).await.refused(409, "decided_already");
    let old = format!("/admin/refunds/{}/", ask().await.expect(202).str("id"));
    w.t.advance(SignedDuration::from_hours(7 * 24));
    sec.post(&format!("{old}approve/"), json!({})).await.refused(409, "approval_expired");
    assert_eq!(sec.get("/admin/refunds/?status=expired").await.expect(200)["count"], 1);
    assert_eq!(sec.get("/admin/refunds/?status=pending_approval").await.expect(200)["count"], 0);
    assert!(w.tasks(&sec).await.is_empty());
    sec.post(&format!("/admin/refunds/{}/approve/", w.ann.id()), json!({})).await.refused(404, "not_found");
    w.t.run_jobs().await;
    assert_eq!(w.gateway_book().await, "charge 25000");
}

#[tokio::test]
async fn an_approval_never_gives_back_more_than_is_left() {
    let w = World::instant().await;
    let (fin, sec) = (w.staff("Fin Ance").await, w.staff("Sec Ond").await);
    let payment = w.paid_much().await;
    let asked = fin.post("/payments/refund/", refund(&payment, json!(250))).await.expect(202).str("id");
    w.bob.post("/payments/refund/", refund(&payment, json!(1))).await.expect(201);
    let path = format!("/admin/refunds/{asked}/approve/");
    sec.post(&path, json!({})).await.refused(409, "refund_too_large");
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "clearing 24900, escrow 24900");
}

#[tokio::test]
async fn the_database_refuses_one_person_for_both_sides_of_a_refund() {
    let w = World::instant().await;
    let fin = w.staff("Fin Ance").await;
    let payment = w.paid_much().await;
    fin.post("/payments/refund/", refund(&payment, json!(200))).await.expect(202);
    let error = sqlx::query!(
        "update refund_requests set state = 'rejected', decided_by = requested_by, decided_at = created_at"
    )
    .execute(&w.t.app.db)
    .await
    .unwrap_err();
    let constraint = error.as_database_error().and_then(sqlx::error::DatabaseError::constraint);
    assert_eq!(constraint, Some("refund_requests_two_people"));
}

#[tokio::test]
async fn bought_credits_above_a_hundred_need_two_of_finance_too() {
    let w = World::instant().await;
    let (fin, sec) = (w.staff("Fin Ance").await, w.staff("Sec Ond").await);
    w.buy(LARGE, "visa").await.expect(201);
    let lot = w.lots().await.remove(0);
    let asked = w.give_credits_back(&fin, &lot).await.expect(202);
    assert_eq!((&asked["amount"], &asked["lot_id"]), (&json!(250.0), &json!(lot)));
    let path = format!("/admin/refunds/{}/approve/", asked.str("id"));
    fin.post(&path, json!({})).await.refused(403, "second_person_required");
    sec.post(&path, json!({})).await.expect(200);
    w.later(10).await;
    assert_eq!(w.books().await, "");
    w.give_credits_back(&fin, &lot).await.refused(409, "credits_not_refundable");
}

#[tokio::test]
async fn nobody_of_finance_decides_about_their_own_money() {
    let w = World::instant().await;
    let (fin, payment) = (w.staff("Fin Ance").await, w.paid_much().await);
    let wish = json!({"user_id": w.ann.id(), "amount": 10, "reason": "The plumber came late."});
    let grant = fin.post("/admin/credits/grants/", wish.clone()).await.expect(201).str("id");
    let asked = fin.post("/payments/refund/", refund(&payment, json!(200))).await.expect(202).str("id");
    w.hire(&w.ann).await;
    w.hire(&w.bob).await;
    w.ann.post("/payments/refund/", refund(&payment, json!(1))).await.refused(403, "own_matter");
    w.ann.post("/admin/credits/grants/", wish).await.refused(403, "own_matter");
    let approve = json!({"approve": true});
    w.ann.put(&format!("/admin/credits/grants/{grant}/"), approve).await.refused(403, "own_matter");
    for party in [&w.ann, &w.bob] {
        let path = format!("/admin/refunds/{asked}/");
        party.post(&format!("{path}approve/"), json!({})).await.refused(403, "own_matter");
        party.post(&format!("{path}reject/"), json!({"reason": "No."})).await.refused(403, "own_matter");
        assert_eq!(party.get("/admin/refunds/").await.expect(200)["count"], 0);
    }
    assert_eq!(w.tasks(&w.ann).await, Vec::<String>::new());
    // A provider gives back as every provider does, however much.
    w.bob.post("/payments/refund/", refund(&payment, json!(150))).await.expect(201);
    assert_eq!(w.acts().await.len(), 2);
}

#[tokio::test]
async fn nobody_of_finance_decides_about_their_own_refund_review_or_dispute() {
    let w = World::tuned(true, &["--first-payment-limit", "3000"]).await;
    let fin = w.staff("Fin Ance").await;
    let booking = w.book("card", "immediate").await;
    w.pay(&booking, "visa").await.refused(409, "payment_needs_review");
    let review = format!("/admin/payments/reviews/{booking}/");
    for party in [&w.ann, &w.bob] {
        w.hire(party).await;
        party.put(&review, json!({"allow": true})).await.refused(403, "own_matter");
        let waiting = party.get("/admin/payments/reviews/").await.expect(200);
        assert!(waiting["results"].as_array().unwrap().is_empty());
        assert!(w.tasks(party).await.is_empty());
    }
    fin.put(&review, json!({"allow": true})).await.expect(200);
    w.pay(&booking, "disputed_won").await.expect(201);
    w.later(3).await;
    w.tell().await;
    let tasks = fin.get("/admin/payments/tasks/").await.expect(200);
    let evidence = format!("/admin/disputes/{}/evidence/", tasks["results"][0]["id"].as_str().unwrap());
    for party in [&w.ann, &w.bob] {
        party.get(&evidence).await.refused(403, "own_matter");
        party.post(&evidence, json!({"statement": "Done."})).await.refused(403, "own_matter");
        assert!(w.tasks(party).await.is_empty());
    }
    let next = w.book_at("2026-03-05", "10:00", "card", "immediate").await;
    // What is disputed does not count as paid.
    w.pay(&next, "refund_declined").await.refused(409, "payment_needs_review");
    fin.put(&format!("/admin/payments/reviews/{next}/"), json!({"allow": true})).await.expect(200);
    let payment = w.pay(&next, "refund_declined").await.expect(201).str("id");
    let refund = w.bob.post("/payments/refund/", refund(&payment, Value::Null)).await.expect(201).str("id");
    w.later(10).await;
    for party in [&w.ann, &w.bob] {
        let way = json!({"by": "bank_transfer", "note": "By hand."});
        party.post(&format!("/admin/refunds/{refund}/bring/"), way).await.refused(403, "own_matter");
    }
}

#[tokio::test]
async fn a_proposal_of_goodwill_is_decided_within_seven_days() {
    let w = World::new().await;
    let (fin, sec) = (w.staff("Fin Ance").await, w.staff("Sec Ond").await);
    let wish = json!({"user_id": w.ann.id(), "amount": 10, "reason": "The plumber came late."});
    let grant = fin.post("/admin/credits/grants/", wish).await.expect(201).str("id");
    w.t.advance(SignedDuration::from_hours(7 * 24));
    let path = format!("/admin/credits/grants/{grant}/");
    sec.put(&path, json!({"approve": true})).await.refused(409, "approval_expired");
    assert_eq!(sec.get("/admin/credits/grants/").await.expect(200)["results"][0]["status"], "expired");
    assert!(w.tasks(&sec).await.is_empty());
}
