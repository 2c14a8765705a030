//! Charges that fail when nobody is there: each is told, and in the end the booking is cancelled or the money is owed.

use jiff::SignedDuration;
use platform::{auth::StaffRole, ids::PaymentId, testing::Client};
use serde_json::json;

use super::World;

impl World {
    /// Ann books and lets a card be charged later, which is good until then and no more.
    async fn pays_later_in_vain(&self, date: &str, due: &str) -> (String, String) {
        let booking = self.book_at(date, "10:00", "card", "later").await;
        let payment = self.pay_later(&booking, due).await;
        self.card_declines(&payment, true).await;
        (booking, payment)
    }

    pub(super) async fn pay_later(&self, booking: &str, due: &str) -> String {
        let body = json!({"booking_id": booking, "payment_type": "later", "payment_method": "card",
            "payment_method_id": "pm_sandbox_visa", "due_date": due});
        self.ann.post("/payments/process/", body).await.expect(201).str("id")
    }

    /// The card that a payment keeps is declined from now on, or works again.
    async fn card_declines(&self, payment: &str, declines: bool) {
        let id: PaymentId = payment.parse().unwrap();
        let method = if declines { "pm_sandbox_declined" } else { "pm_sandbox_visa" };
        sqlx::query!("update payments set method = $2 where id = $1", id as _, method)
            .execute(&self.t.app.db)
            .await
            .unwrap();
    }

    /// Notes from now on what others are told of payments: events are gone when they were handled.
    pub(super) async fn note_failures(&self) {
        let watch = "create table told (id bigint generated always as identity, payload jsonb);
            create function note_told() returns trigger language plpgsql as $$
            begin insert into told (payload) values (new.payload); return new; end $$;
            create trigger told after insert on outbox for each row execute function note_told()";
        sqlx::raw_sql(watch).execute(&self.t.app.db).await.unwrap();
    }

    /// What both sides were told of charges that had failed: how much, and what happens next.
    #[expect(clippy::disallowed_methods, reason = "the table is the test's own")]
    pub(super) async fn failures(&self) -> Vec<String> {
        let told = "select (payload -> 'charge_failed' ->> 'amount_minor') || ' '
                 || coalesce(payload #>> '{charge_failed,next,retry,at}', payload #>> '{charge_failed,next}')
            from told where payload ? 'charge_failed' order by id";
        sqlx::query_scalar(told).fetch_all(&self.t.app.db).await.unwrap()
    }

    /// What Ann owes.
    pub(super) async fn owed(&self) -> Vec<i64> {
        let mut db = self.t.app.db.acquire().await.unwrap();
        let debts = crate::debts(&mut db, self.ann.id()).await.unwrap();
        debts.into_iter().map(|debt| debt.amount.minor).collect()
    }

    /// The debts in finance's list of what waits.
    pub(super) async fn debt_tasks(&self, finance: &Client) -> usize {
        let tasks = finance.get("/admin/payments/tasks/").await.expect(200);
        let tasks = tasks["results"].as_array().unwrap().clone();
        tasks.iter().filter(|task| task["kind"] == "customer_debt").count()
    }
}

#[tokio::test]
async fn what_is_not_paid_when_its_last_try_has_failed_is_cancelled_where_it_is_to_come() {
    let w = World::instant().await;
    w.note_failures().await;
    let (booking, payment) = w.pays_later_in_vain("2026-03-20", "2026-03-05").await;
    w.days(9).await;
    assert_eq!(w.state(&booking).await, "confirmed failed");
    w.days(2).await;
    assert_eq!(w.state(&booking).await, "payment_expired failed");
    assert_eq!(w.status(&payment).await, "failed");
    let told = ["2026-03-06T08:00:00Z", "2026-03-08T08:00:00Z", "2026-03-12T08:00:00Z", "cancelled"];
    assert_eq!(w.failures().await, told.map(|next| format!("4990 {next}")));
    assert_eq!((w.books().await.as_str(), w.owed().await), ("", Vec::new()));
    // The time is free again.
    w.book_at("2026-03-20", "10:00", "card", "later").await;
}

#[tokio::test]
async fn what_is_not_paid_when_its_last_try_has_failed_is_owed_where_the_job_is_done() {
    for by_part in [false, true] {
        let w = World::instant().await;
        w.note_failures().await;
        let (booking, payment) = w.pays_later_in_vain("2026-03-04", "2026-03-10").await;
        w.complete(&booking).await;
        let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
        w.days(14).await;
        assert_eq!(w.state(&booking).await, "completed failed");
        let seen = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
        assert_eq!((&seen["status"], &seen["failure_code"]), (&json!("failed"), &json!("card_declined")));
        assert_eq!(w.failures().await.last().unwrap(), "4990 owed");
        assert_eq!((w.failures().await.len(), w.owed().await), (4, vec![4990]));
        assert_eq!(w.debt_tasks(&finance).await, 1);
        // It can be paid, by another way to pay or as the part that it is.
        if by_part {
            let part = seen["installments"][0]["id"].as_str().unwrap().to_owned();
            let body = json!({"payment_method_id": "pm_sandbox_visa"});
            w.ann.post(&format!("/payments/installments/{part}/pay/"), body).await.expect(201);
        } else {
            w.pay(&booking, "declined").await.refused(402, "card_declined");
            assert_eq!(w.owed().await, [4990]);
            w.pay(&booking, "visa").await.expect(201);
        }
        assert_eq!((w.owed().await, w.debt_tasks(&finance).await), (Vec::new(), 0));
        assert_eq!(w.state(&booking).await, "completed paid");
        assert_eq!(w.books().await, "clearing 4990, commission 748, provider_pending 4242");
        w.gateway_agrees().await;
    }
}

#[tokio::test]
async fn a_part_that_stays_unpaid_after_the_job_is_owed() {
    let w = World::instant().await;
    w.note_failures().await;
    let (booking, payment) = w.in_parts("visa").await;
    w.complete(&booking).await;
    w.card_declines(&payment, true).await;
    w.days(40).await;
    assert_eq!(w.parts(&payment).await, ["2026-03-02 paid", "2026-04-02 overdue", "2026-05-02 pending"]);
    assert_eq!(w.failures().await.len(), 4);
    assert_eq!(w.failures().await[3], "1663 owed");
    assert_eq!((w.owed().await, w.status(&payment).await.as_str()), (vec![1663], "failed"));
    let part = w.ann.get(&format!("/payments/{payment}/")).await["installments"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({"payment_method_id": "pm_sandbox_visa"});
    w.ann.post(&format!("/payments/installments/{part}/pay/"), body).await.expect(201);
    assert_eq!((w.owed().await, w.status(&payment).await.as_str()), (Vec::new(), "pending"));
}

#[tokio::test]
async fn a_plan_that_fails_before_the_job_ends_with_its_booking_and_what_was_paid_goes_back() {
    let w = World::instant().await;
    let booking = w.book_at("2026-03-30", "10:00", "card", "installment").await;
    let body = json!({"booking_id": booking, "count": 3, "interval": "weekly", "payment_method_id": "pm_sandbox_visa"});
    let payment = w.ann.post("/payments/installments/", body).await.expect(201).str("id");
    w.card_declines(&payment, true).await;
    w.days(15).await;
    assert_eq!(w.state(&booking).await, "payment_expired refunded");
    assert_eq!(w.gateway_book().await, "charge 1664, refund 1664");
    assert_eq!((w.books().await.as_str(), w.owed().await), ("", Vec::new()));
    w.days(30).await;
    assert_eq!(w.gateway_book().await, "charge 1664, refund 1664");
}

#[tokio::test]
async fn a_part_that_is_paid_after_a_failed_try_is_not_charged_again() {
    let w = World::instant().await;
    let (booking, payment) = w.pays_later_in_vain("2026-03-20", "2026-03-05").await;
    w.days(4).await;
    assert_eq!(w.state(&booking).await, "confirmed failed");
    w.pay(&booking, "visa").await.expect(201);
    assert_eq!(
        (w.state(&booking).await.as_str(), w.status(&payment).await.as_str()),
        ("confirmed paid", "cancelled")
    );
    w.days(12).await;
    assert_eq!(w.state(&booking).await, "confirmed paid");
    assert_eq!(w.gateway_book().await, "charge 4990");
}

#[tokio::test]
async fn trying_a_card_that_is_declined_does_not_keep_the_time_for_ever() {
    let w = World::instant().await;
    let (booking, _) = w.pays_later_in_vain("2026-03-20", "2026-03-05").await;
    w.days(4).await;
    w.pay(&booking, "declined").await.refused(402, "card_declined");
    w.days(6).await;
    assert_eq!(w.state(&booking).await, "confirmed failed");
    w.days(2).await;
    assert_eq!(w.state(&booking).await, "payment_expired failed");
}

#[tokio::test]
async fn a_try_that_its_payer_never_approves_does_not_keep_the_time_either() {
    let w = World::instant().await;
    let (booking, _) = w.pays_later_in_vain("2026-03-20", "2026-03-05").await;
    w.days(4).await;
    w.pay(&booking, "3ds").await.expect(201);
    assert_eq!(w.state(&booking).await, "confirmed failed");
    w.books().await;
    w.days(8).await;
    assert!(w.state(&booking).await.starts_with("payment_expired "));
    assert_eq!((w.books().await.as_str(), w.gateway_book().await.as_str()), ("", ""));
}

#[tokio::test]
async fn a_capture_that_fails_cancels_what_is_to_come_and_tells_both() {
    let w = World::new().await;
    w.note_failures().await;
    let (booking, payment) = w.paid("visa").await;
    // The bank has let go of what was reserved.
    sqlx::query!("update sandbox_operations set created_at = created_at - interval '8 days'")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    w.accept(&booking).await;
    assert_eq!(w.state(&booking).await, "payment_expired failed");
    assert_eq!(
        (w.failures().await, w.status(&payment).await.as_str()),
        (vec!["4990 cancelled".to_owned()], "failed")
    );
    assert_eq!((w.books().await.as_str(), w.gateway_book().await.as_str()), ("", ""));
}

#[tokio::test]
async fn what_falls_due_while_the_job_is_going_on_is_owed_and_not_cancelled() {
    let w = World::instant().await;
    let (booking, _) = w.pays_later_in_vain("2026-03-12", "2026-03-05").await;
    w.t.advance(SignedDuration::from_hours(1));
    // The last try is on the morning of the job, when it has begun.
    w.days(9).await;
    w.at("2026-03-12T07:59:00Z");
    w.t.run_jobs().await;
    assert_eq!(w.state(&booking).await, "confirmed failed");
    w.at("2026-03-12T09:05:00Z");
    w.t.run_jobs().await;
    w.later(30).await;
    assert_eq!(w.state(&booking).await, "confirmed failed");
    assert_eq!(w.owed().await, [4990]);
}
