//! Rules for our share: made, replaced, ended, looked at in advance.

use platform::{
    auth::StaffRole,
    ids::CategoryId,
    testing::{Answer, Client},
};
use serde_json::{Value, json};

use super::World;

const RULES: &str = "/admin/commission-rules/";

impl World {
    pub(super) async fn finance(&self) -> Client {
        self.t.staff("Fin Ance", StaffRole::Finance).await
    }

    /// A rule by somebody of finance.
    pub(super) async fn rule(&self, by: &Client, category: Option<CategoryId>, for_bob: bool, bps: i32) {
        let provider = for_bob.then_some(self.bob.id());
        let body = json!({"category_id": category, "provider_id": provider, "percent_bps": bps});
        by.post(RULES, body).await.expect(201);
    }

    async fn preview(&self, who: &Client, currency: &str, amount: &str) -> Answer {
        let (category, bob) = (self.category, self.bob.id());
        let query = format!("category_id={category}&provider_id={bob}&currency={currency}&amount={amount}");
        who.get(&format!("{RULES}preview/?{query}")).await
    }
}

fn ids(list: &Answer) -> Vec<&str> {
    list["results"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_preview_names_the_rule_and_what_it_takes() {
    let w = World::new().await;
    let finance = w.finance().await;
    let none = w.preview(&finance, "EUR", "49.90").await.expect(200);
    assert_eq!(
        (&none["rule"], &none["percent_bps"], &none["commission"], &none["net"]),
        (&Value::Null, &json!(1500), &json!(7.48), &json!(42.42))
    );
    finance.post(RULES, json!({"percent_bps": 1000})).await.expect(201);
    w.hours(1);
    let body = json!({"category_id": w.category, "currency": "EUR", "percent_bps": 1200, "fixed": 0.4, "minimum": "5"});
    let made = finance.post(RULES, body).await.expect(201);
    assert_eq!(made["created_by"], json!(finance.id()));
    let close = w.preview(&finance, "EUR", "49.90").await.expect(200);
    assert_eq!(
        (&close["rule"]["id"], &close["commission"], &close["net"]),
        (&made["id"], &json!(6.38), &json!(43.52))
    );
    assert_eq!(w.preview(&finance, "EUR", "20").await.expect(200)["commission"], json!(5.0), "at least that");
    let yen = w.preview(&finance, "JPY", "5000").await.expect(200);
    assert_eq!(
        (&yen["rule"]["currency"], &yen["commission"]),
        (&Value::Null, &json!(500)),
        "in any currency"
    );
    for (currency, amount) in [("EUR", "1.001"), ("EUR", "-1"), ("JPY", "1.5"), ("XXX", "1"), ("EUR", "")] {
        w.preview(&finance, currency, amount).await.refused(422, "validation_failed");
    }
    // What it says is what happens.
    let job = w.job(4990);
    w.earn(&job).await;
    assert_eq!(w.has(ledger::Account::Commission).await, 638);
}

#[tokio::test]
async fn a_rule_that_is_replaced_counts_for_what_was_booked_before() {
    let w = World::new().await;
    let finance = w.finance().await;
    let old = finance.post(RULES, json!({"percent_bps": 1000})).await.expect(201).str("id");
    w.hours(1);
    let early = w.job(10_000);
    w.hours(1);
    let starts_at = w.t.now().plus(jiff::SignedDuration::from_hours(24));
    let body = json!({"percent_bps": 2000, "starts_at": starts_at, "replaces": old});
    let new = finance.post(RULES, body.clone()).await.expect(201).str("id");
    finance.post(RULES, body).await.refused(422, "validation_failed");
    assert_eq!(w.preview(&finance, "EUR", "100").await.expect(200)["commission"], json!(10.0), "not yet");
    assert_eq!(ids(&finance.get(&format!("{RULES}?ended=false")).await.expect(200)), [&*new, &*old]);
    w.hours(24);
    assert_eq!(w.preview(&finance, "EUR", "100").await.expect(200)["commission"], json!(20.0));
    assert_eq!(ids(&finance.get(&format!("{RULES}?ended=false")).await.expect(200)), [&*new]);
    assert_eq!(ids(&finance.get(&format!("{RULES}?ended=true")).await.expect(200)), [&*old]);
    w.earn(&early).await;
    assert_eq!(w.has(ledger::Account::Commission).await, 1000);
    w.books_are_right().await;
}

#[tokio::test]
async fn a_rule_ends_once_and_is_never_changed() {
    let w = World::new().await;
    let finance = w.finance().await;
    let path =
        format!("{RULES}{}/", finance.post(RULES, json!({"percent_bps": 1000})).await.expect(201).str("id"));
    finance.delete(&path).await.expect(204);
    finance.delete(&path).await.refused(404, "not_found");
    assert_eq!(w.preview(&finance, "EUR", "100").await.expect(200)["rule"], Value::Null);
    let ended = finance.get(RULES).await.expect(200);
    assert!(ended["results"][0]["ended_at"].is_string());
    for change in [
        "update commission_rules set bps = 1",
        "update commission_rules set ended_at = null",
        "delete from commission_rules",
    ] {
        let refused = sqlx::raw_sql(change).execute(&w.t.app.db).await.unwrap_err();
        assert!(refused.to_string().contains("a rule is not changed"), "{refused}");
    }
}

#[tokio::test]
async fn rules_are_listed_in_pages() {
    let w = World::new().await;
    let finance = w.finance().await;
    for bps in 1..=5 {
        w.rule(&finance, (bps % 2 == 0).then_some(w.category), bps == 5, bps).await;
        w.hours(1);
    }
    let shares = |list: &Answer| {
        let rules = list["results"].as_array().unwrap().iter();
        rules.map(|rule| rule["percent_bps"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let first = finance.get(&format!("{RULES}?page_size=3")).await.expect(200);
    assert_eq!((shares(&first), &first["count"]), (vec![5, 4, 3], &json!(5)));
    let next = first.str("next");
    let next = next.split_once("/admin").map(|(_, rest)| format!("/admin{rest}")).unwrap();
    assert_eq!(shares(&finance.get(&next).await.expect(200)), [2, 1]);
    let of_category = finance.get(&format!("{RULES}?category_id={}", w.category)).await.expect(200);
    assert_eq!(shares(&of_category), [4, 2]);
    let of_bob = finance.get(&format!("{RULES}?provider_id={}", w.bob.id())).await.expect(200);
    assert_eq!(shares(&of_bob), [5]);
}

#[tokio::test]
async fn only_finance_makes_rules_and_only_ones_that_mean_something() {
    let w = World::new().await;
    let (finance, support) = (w.finance().await, w.t.staff("Sue Port", StaffRole::Support).await);
    let good = json!({"percent_bps": 1000});
    for who in [&w.bob, &support] {
        who.get(RULES).await.refused(403, "forbidden");
        who.post(RULES, good.clone()).await.refused(403, "forbidden");
        who.delete(&format!("{RULES}{}/", w.category)).await.refused(403, "forbidden");
        w.preview(who, "EUR", "1").await.refused(403, "forbidden");
    }
    w.t.anonymous().get(RULES).await.refused(401, "unauthenticated");
    for (field, value) in [
        ("percent_bps", json!(10_001)),
        ("percent_bps", json!(-1)),
        ("fixed", json!(1)),
        ("minimum", json!("0.5")),
        ("currency", json!("XXX")),
        ("starts_at", json!("2020-01-01T00:00:00Z")),
        ("replaces", json!(w.category)),
    ] {
        let mut body = good.clone();
        body[field] = value;
        finance.post(RULES, body).await.refused(422, "validation_failed");
    }
    let negative = json!({"percent_bps": 1000, "currency": "EUR", "fixed": -1});
    finance.post(RULES, negative).await.refused(422, "validation_failed");
    let nobody = w.t.user("No Provider").await;
    for scope in ["category_id", "provider_id"] {
        let mut body = good.clone();
        body[scope] = json!(nobody.id());
        finance.post(RULES, body).await.refused(404, "not_found");
    }
    assert_eq!(finance.get(RULES).await.expect(200)["count"], json!(0));
    let once = finance.with("Idempotency-Key", "rule-1");
    assert_eq!(
        once.post(RULES, good.clone()).await.expect(201)["id"],
        once.post(RULES, good).await.expect(201)["id"]
    );
}
