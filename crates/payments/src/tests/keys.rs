//! One key, one charge: whatever is sent at once, whatever gets lost, and wherever the server dies.

use futures_util::future::join_all;
use platform::testing::{Answer, Client};
use rstest::rstest;
use serde_json::{Value, json};

use super::{World, credits::SMALL};

/// A request that asks for money.
struct Payment {
    path: String,
    body: Value,
}

impl World {
    /// A request of each kind that is ready to be paid by a card.
    async fn ready(&self, kind: &str, card: &str) -> Payment {
        let card = format!("pm_sandbox_{card}");
        match kind {
            "process" => {
                let booking = self.book("card", "immediate").await;
                let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
                    "payment_method_id": card});
                Payment { path: "/payments/process/".to_owned(), body }
            }
            "tips" => {
                let (booking, _) = self.paid("visa").await;
                self.complete(&booking).await;
                let body = json!({"booking_id": booking, "amount": 5, "payment_method": "card",
                    "payment_method_id": card});
                Payment { path: "/payments/tips/".to_owned(), body }
            }
            "purchase" => {
                let body = json!({"package_id": SMALL, "payment_method": "card", "payment_method_id": card});
                Payment { path: format!("/users/{}/credits/purchase/", self.ann.id()), body }
            }
            "installments" => {
                let booking = self.book("card", "installment").await;
                let body = json!({"booking_id": booking, "count": 3, "interval": "monthly",
                    "payment_method_id": card});
                Payment { path: "/payments/installments/".to_owned(), body }
            }
            _ => {
                let booking = self.book("card", "installment").await;
                let body = json!({"booking_id": booking, "count": 3, "interval": "monthly",
                    "payment_method_id": "pm_sandbox_visa"});
                let payment = self.ann.post("/payments/installments/", body).await.expect(201);
                let part = payment["installments"][1]["id"].as_str().unwrap().to_owned();
                let path = format!("/payments/installments/{part}/pay/");
                Payment { path, body: json!({"payment_method_id": card}) }
            }
        }
    }

    /// Ann, repeating herself.
    fn keyed(&self) -> Client {
        self.ann.with("idempotency-key", "one")
    }

    /// How often a gateway has been asked for money.
    async fn charges(&self) -> i64 {
        let rows = sqlx::query_scalar!("select count(*) from payment_operations where task = 'charge'");
        rows.fetch_one(&self.t.app.db).await.unwrap().unwrap()
    }

    /// The server dies after its charge, and before it comes to an answer.
    async fn dies(&self) {
        sqlx::query!(
            "update idempotency_keys set status = null, headers = null, sealed_body = null, leased_until = $1",
            self.t.now() as _,
        )
        .execute(&self.t.app.db)
        .await
        .unwrap();
    }

    async fn methods(&self) -> (usize, i64) {
        let saved = self.ann.get("/payments/methods/").await.expect(200)["saved"].clone();
        let at_gateway = sqlx::query_scalar!("select count(*) from sandbox_methods");
        let at_gateway = at_gateway.fetch_one(&self.t.app.db).await.unwrap().unwrap();
        (saved.as_array().unwrap().len(), at_gateway)
    }
}

fn replays(first: &Answer, again: &Answer) {
    assert_eq!((first.status, first.text()), (again.status, again.text()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.header("location"), again.header("location"));
}

#[rstest]
#[case("process")]
#[case("tips")]
#[case("purchase")]
#[case("installments")]
#[case("part")]
#[tokio::test]
async fn of_thirty_requests_with_one_key_one_charges(#[case] kind: &str) {
    let w = World::instant().await;
    let Payment { path, body } = w.ready(kind, "visa").await;
    let (before, ann) = (w.charges().await, w.keyed());
    let answers = join_all((0..30).map(|_| ann.post(&path, body.clone()))).await;
    for answer in &answers {
        let is_waiting = answer["code"] == "request_in_progress";
        assert!(answer.status == 201 || is_waiting, "{}", answer.text());
    }
    let first = answers.iter().find(|answer| answer.status == 201).unwrap();
    replays(first, &ann.post(&path, body).await);
    assert_eq!(w.charges().await - before, 1);
    w.books().await;
}

#[rstest]
#[case("process")]
#[case("tips")]
#[case("purchase")]
#[case("installments")]
#[case("part")]
#[tokio::test]
async fn a_decline_is_given_again_and_no_gateway_is_asked(#[case] kind: &str) {
    let w = World::instant().await;
    let Payment { path, body } = w.ready(kind, "declined").await;
    let (before, ann) = (w.charges().await, w.keyed());
    let first = ann.post(&path, body.clone()).await.refused(402, "card_declined");
    assert!(first["payment_id"].is_string());
    replays(&first, &ann.post(&path, body.clone()).await);
    assert_eq!(w.charges().await - before, 1);
    // With another key, or none, it is another try.
    w.ann.post(&path, body).await.refused(402, "card_declined");
    assert_eq!(w.charges().await - before, 2);
}

#[rstest]
#[case("visa", 201, "completed")]
#[case("drops_reply", 201, "completed")]
#[case("reports_late", 201, "processing")]
#[case("3ds", 201, "requires_action")]
#[case("declined", 402, "card_declined")]
#[tokio::test]
async fn a_retry_after_a_crash_concludes_the_same_charge(
    #[values("process", "tips", "purchase", "installments", "part")] kind: &str,
    #[case] card: &str,
    #[case] status: u16,
    #[case] state: &str,
) {
    let w = World::instant().await;
    let Payment { path, body } = w.ready(kind, card).await;
    let (before, ann) = (w.charges().await, w.keyed());
    let _lost = ann.post(&path, body.clone()).await;
    w.dies().await;
    let answer = ann.post(&path, body.clone()).await.expect(status);
    let told = if status == 201 { &answer["status"] } else { &answer["code"] };
    // Parts are for later, whatever became of this one.
    if !["installments", "part"].contains(&kind) || status != 201 {
        assert_eq!(told, state);
    }
    assert_eq!(answer.header("idempotency-replayed"), "");
    replays(&answer, &ann.post(&path, body).await);
    assert_eq!(w.charges().await - before, 1);
    w.books().await;
}

#[rstest]
#[case("process")]
#[case("tips")]
#[case("purchase")]
#[tokio::test]
async fn a_gateway_that_is_down_leaves_the_key_free(#[case] kind: &str) {
    let w = World::instant().await;
    let Payment { path, body } = w.ready(kind, "unavailable").await;
    let (before, ann) = (w.charges().await, w.keyed());
    for tries in 1..=2 {
        ann.post(&path, body.clone()).await.refused(503, "unavailable");
        assert_eq!(w.charges().await - before, tries);
    }
}

#[tokio::test]
async fn a_method_is_set_up_and_kept_once_under_one_key() {
    let w = World::instant().await;
    let ann = w.keyed();
    let set_up = |client: Client| async move {
        client
            .send(axum::http::Method::POST, "/payments/setup-intent/", None, axum::body::Body::empty())
            .await
    };
    let first = set_up(ann.clone()).await.expect(201);
    replays(&first, &set_up(ann.clone()).await);
    assert_ne!(set_up(w.ann.clone()).await.expect(201)["id"], first["id"]);

    let body = json!({"token": "pm_sandbox_visa"});
    let answers = join_all((0..10).map(|_| ann.post("/payments/methods/", body.clone()))).await;
    let first = answers.iter().find(|answer| answer.status == 201).unwrap();
    replays(first, &ann.post("/payments/methods/", body).await);
    assert_eq!(w.methods().await.0, 1);
}

#[tokio::test]
async fn a_payment_that_is_refused_leaves_no_card_at_the_gateway() {
    let w = World::instant().await;
    let (mine, paid) = (w.book("card", "installment").await, w.paid_at("2026-03-06").await.0);
    let cash = w.book_at("2026-03-07", "10:00", "cash", "immediate").await;
    let stranger = w.t.user("Cem Stranger").await;
    let parts = |booking: &str| json!({"booking_id": booking, "count": 3, "interval": "monthly", "payment_method_id": "pm_sandbox_visa"});
    let later = |booking: &str| {
        json!({"booking_id": booking, "payment_type": "later", "payment_method": "card",
            "payment_method_id": "pm_sandbox_visa"})
    };
    let with = |mut body: Value, name: &str, value: &str| {
        body[name] = json!(value);
        body
    };
    for (who, booking, status) in [(&stranger, &mine, 404), (&w.ann, &paid, 409), (&w.ann, &cash, 409)] {
        who.post("/payments/installments/", parts(booking)).await.expect(status);
        who.post("/payments/process/", later(booking)).await.expect(status);
    }
    w.ann.post("/payments/installments/", with(parts(&mine), "promo_code", "NOSUCH")).await.expect(422);
    w.ann.post("/payments/process/", with(later(&mine), "promo_code", "NOSUCH")).await.expect(422);
    w.ann.post("/payments/process/", with(later(&mine), "due_date", "2027-01-01")).await.expect(422);
    assert_eq!(w.methods().await, (0, 0));
    w.ann.post("/payments/installments/", parts(&mine)).await.expect(201);
    assert_eq!(w.methods().await, (1, 1));
}
