//! What a provider has earned, by day, week and month, and as a file.

use platform::money::{Currency, Money};
use serde_json::{Value, json};

use super::World;
use crate::{Earning, Paid};

async fn periods(w: &World, query: &str) -> Vec<String> {
    let earnings = w.bob.get(&format!("/providers/earnings/?{query}")).await.expect(200);
    let text = |period: &Value| {
        format!(
            "{} {} - {} = {}, {}",
            period["period"], period["gross"], period["fees"], period["net"], period["jobs"]
        )
    };
    earnings["by_period"].as_array().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn earnings_look_like_this() {
    let w = World::new().await;
    let refunded = w.released(10_000).await;
    w.open_account("good").await;
    w.withdraw("20").await.expect(201);
    w.settle().await;
    w.give_back(refunded, 1000).await.unwrap();
    w.hours(1);
    w.earn(&Earning { paid: Paid::InCash, ..w.job(2000) }).await;
    w.hours(1);
    w.earn(&w.job(4990)).await;
    w.hours(1);
    w.withdraw("10").await.expect(201);
    let earnings = w.bob.get("/providers/earnings/").await.expect(200);
    insta::assert_snapshot!(earnings.masked());
    let cents = |name: &str| {
        let (whole, part) = earnings
            .text()
            .split_once(&format!("\"{name}\":"))
            .map(|(_, rest)| rest.to_owned())
            .unwrap()
            .split(',')
            .next()
            .unwrap()
            .split_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        whole.parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap()
    };
    let there =
        ["pending", "available", "in_payout", "withdrawn", "paid_in_cash"].map(cents).iter().sum::<i64>();
    assert_eq!(cents("total"), there - cents("owed"));
    w.books_are_right().await;
}

#[tokio::test]
async fn months_end_where_the_provider_is() {
    let w = World::new().await;
    // In Berlin it is 1 April already, and summer.
    w.at("2026-03-31T21:59:00Z");
    w.earn(&w.job(1000)).await;
    w.at("2026-03-31T22:00:00Z");
    let april = w.earn(&w.job(2000)).await;
    assert_eq!(
        periods(&w, "").await,
        ["\"2026-03-01\" 10.0 - 1.5 = 8.5, 1", "\"2026-04-01\" 20.0 - 3.0 = 17.0, 1"]
    );
    let earnings = w.bob.get("/providers/earnings/").await.expect(200);
    assert_eq!((&earnings["this_month"], &earnings["last_month"]), (&json!(17.0), &json!(8.5)));
    assert_eq!(periods(&w, "from=2026-04-01").await.len(), 1);
    assert_eq!(periods(&w, "to=2026-03-31").await.len(), 1);
    // A refund counts when it happens: a month that is over does not change.
    w.at("2026-05-02T10:00:00Z");
    w.give_back(april, 500).await.unwrap();
    assert_eq!(
        periods(&w, "from=2026-04-01").await,
        ["\"2026-04-01\" 20.0 - 3.0 = 17.0, 1", "\"2026-05-01\" -5.0 - -0.75 = -4.25, 0"]
    );
    sqlx::query!("update users set timezone = 'America/New_York'").execute(&w.t.app.db).await.unwrap();
    assert_eq!(periods(&w, "to=2026-04-30").await, ["\"2026-03-01\" 30.0 - 4.5 = 25.5, 2"]);
    w.books_are_right().await;
}

#[tokio::test]
async fn days_and_weeks_begin_where_the_provider_is() {
    let w = World::new().await;
    // The clocks go forward in this night, from Saturday to Sunday.
    for when in
        ["2026-03-28T22:30:00Z", "2026-03-28T23:30:00Z", "2026-03-29T21:30:00Z", "2026-03-29T22:30:00Z"]
    {
        w.at(when);
        w.earn(&w.job(1000)).await;
    }
    let jobs = |periods: Vec<String>| periods.into_iter().map(|p| p.replace('"', "")).collect::<Vec<_>>();
    assert_eq!(
        jobs(periods(&w, "group_by=day").await),
        [
            "2026-03-28 10.0 - 1.5 = 8.5, 1",
            "2026-03-29 20.0 - 3.0 = 17.0, 2",
            "2026-03-30 10.0 - 1.5 = 8.5, 1"
        ]
    );
    assert_eq!(
        jobs(periods(&w, "group_by=week").await),
        ["2026-03-23 30.0 - 4.5 = 25.5, 3", "2026-03-30 10.0 - 1.5 = 8.5, 1"]
    );
}

#[tokio::test]
async fn a_window_is_refused() {
    let w = World::new().await;
    let bob = &w.bob;
    for path in ["/providers/earnings/", "/providers/earnings/statement/"] {
        let get = |query: &str| {
            let url = format!("{path}?{query}");
            async move { bob.get(&url).await }
        };
        get("from=2026-03-02&to=2026-03-01").await.refused(422, "window_reversed");
        get("from=yesterday").await.refused(422, "validation_failed");
        get("currency=XXXX").await.refused(422, "validation_failed");
        get("from=0000-01-01").await.refused(422, "validation_failed");
        get("from=0001-01-01&to=9999-12-31").await.expect(200);
    }
    w.bob.get("/providers/earnings/?group_by=year").await.refused(422, "validation_failed");
}

#[tokio::test]
async fn a_statement_is_a_file() {
    let w = World::new().await;
    let evil = Earning { service_title: "=HYPERLINK(\"http://evil\")".to_owned(), ..w.job(10_000) };
    let booking = w.earn(&evil).await;
    w.hours(48);
    w.t.run_jobs().await;
    w.open_account("good").await;
    w.withdraw("20").await.expect(201);
    w.settle().await;
    w.give_back(booking, 1000).await.unwrap();
    let file = w.bob.get("/providers/earnings/statement/?from=2026-03-01").await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.bytes.starts_with(b"\xef\xbb\xbfdate,"));
    insta::assert_snapshot!(file.text().trim_start_matches('\u{feff}').replace(&booking.to_string(), "[id]").replace('\r', ""), @r#"
    date,type,status,service,gross,fees,net,currency,paid_in_cash,booking_id
    2026-03-02,earning,,"'=HYPERLINK(""http://evil"")",100.00,15.00,85.00,EUR,false,[id]
    2026-03-04,withdrawal,paid,"",-20.00,0.00,-20.00,EUR,false,
    2026-03-04,refund,,"'=HYPERLINK(""http://evil"")",-10.00,-1.50,-8.50,EUR,false,[id]
    "#);
}

#[tokio::test]
async fn a_statement_is_a_document_for_those_who_ask_for_one() {
    let w = World::new().await;
    w.earn(&w.job(10_000)).await;
    let reader = w.bob.with("accept", "application/pdf");
    let mut files = Vec::new();
    for language in ["en", "de", "it"] {
        let file = reader.get(&format!("/providers/earnings/statement/?lang={language}")).await.expect(200);
        assert_eq!(file.header("content-type"), "application/pdf");
        assert!(file.bytes.starts_with(b"%PDF-"));
        files.push(file.bytes);
    }
    files.dedup();
    assert_eq!(files.len(), 3);
    let customer = w.t.user("Ann").await.with("accept", "application/pdf");
    customer.get("/providers/earnings/statement/").await.refused(403, "provider_required");
}

#[tokio::test]
async fn a_part_of_a_price_is_earned_in_the_month_in_which_it_is_paid() {
    let w = World::new().await;
    w.at("2026-03-10T10:00:00Z");
    let part = w.job(3000);
    w.earn(&part).await;
    let march = ["\"2026-03-01\" 30.0 - 4.5 = 25.5, 1"];
    assert_eq!(periods(&w, "").await, march);
    w.at("2026-04-10T10:00:00Z");
    w.earn(&part).await;
    assert_eq!(periods(&w, "to=2026-03-31").await, march);
    assert_eq!(periods(&w, "from=2026-04-01").await, ["\"2026-04-01\" 30.0 - 4.5 = 25.5, 0"]);
    let earnings = w.bob.get("/providers/earnings/").await.expect(200);
    assert_eq!((&earnings["this_month"], &earnings["last_month"]), (&json!(25.5), &json!(25.5)));
    w.books_are_right().await;
}

/// A file of the statement, as CSV and as PDF.
async fn files(w: &World, query: &str) -> (String, Vec<u8>) {
    let path = format!("/providers/earnings/statement/?{query}");
    let csv = w.bob.get(&path).await.expect(200).text().to_owned();
    let pdf = w.bob.with("accept", "application/pdf").get(&path).await.expect(200);
    (csv, pdf.bytes.to_vec())
}

#[tokio::test]
async fn a_statement_of_a_month_that_is_over_never_changes() {
    let w = World::new().await;
    let booking = w.released(10_000).await;
    let tip = w.tip(500).await;
    w.open_account("returned").await;
    w.withdraw("20").await.expect(201);
    w.at("2026-03-31T20:00:00Z");
    w.earn(&Earning { paid: Paid::InCash, ..w.job(2000) }).await;
    let last = w.earn(&w.job(4000)).await;
    w.at("2026-04-01T08:00:00Z");
    let (march, before) = (files(&w, "to=2026-03-31").await, periods(&w, "to=2026-03-31").await);
    // The bank sends the withdrawal back, the time for complaints is over, customers get money back, and give more.
    for _ in 0..4 {
        w.hours(48);
        w.t.run_jobs().await;
    }
    w.give_back(booking, 10_000).await.unwrap();
    w.give_back(last, 100).await.unwrap();
    w.earn(&Earning { booking: last, ..w.job(1000) }).await;
    w.tip_again(&tip).await;
    let again = files(&w, "to=2026-03-31").await;
    assert_eq!(again.0, march.0);
    assert!(again.1 == march.1, "the PDF file changed");
    assert_eq!(periods(&w, "to=2026-03-31").await, before);
    let april = files(&w, "from=2026-04-01").await.0;
    for line in [
        "refund,,\"Window cleaning\",-100.00",
        "refund,,\"Window cleaning\",-1.00",
        "tip,,\"Window cleaning\",5.00",
    ] {
        assert!(april.contains(line), "{april}");
    }
    w.books_are_right().await;
    for sql in ["update earning_entries set gross_minor = 1", "delete from earning_entries"] {
        let refused = sqlx::raw_sql(sql).execute(&w.t.app.db).await.unwrap_err().to_string();
        assert!(refused.contains("earnings are posted once"), "{refused}");
    }
}

#[tokio::test]
async fn a_withdrawal_that_failed_comes_back_on_its_statement() {
    let w = World::new().await;
    w.released(10_000).await;
    w.open_account("closed").await;
    w.withdraw("20").await.expect(201);
    w.settle().await;
    let status = w.bob.get("/providers/withdrawals/").await.expect(200)["results"][0]["status"].clone();
    assert_eq!(status, "failed");
    let (csv, pdf) = files(&w, "from=2026-03-01").await;
    let lines: Vec<_> = csv.lines().skip(2).map(|line| line.split_once(',').unwrap().1).collect();
    assert_eq!(
        lines,
        [
            "withdrawal,failed,\"\",-20.00,0.00,-20.00,EUR,false,",
            "withdrawal_failed,,\"\",20.00,0.00,20.00,EUR,false,"
        ]
    );
    assert!(pdf.starts_with(b"%PDF-"));
    let earnings = w.bob.get("/providers/earnings/").await.expect(200);
    let types: Vec<_> =
        earnings["transactions"].as_array().unwrap().iter().map(|line| &line["type"]).collect();
    assert_eq!(types, ["withdrawal_failed", "withdrawal", "earning"]);
}

#[tokio::test]
async fn what_was_earned_is_told_in_each_currency() {
    let w = World::new().await;
    w.earn(&w.job(10_000)).await;
    let yen = Currency::parse("JPY").unwrap();
    let job = Earning { gross: Money::new(5000, yen), paid: Paid::InCash, ..w.job(0) };
    w.earn(&job).await;
    let earnings = w.bob.get("/providers/earnings/").await.expect(200);
    assert_eq!(
        earnings["by_currency"],
        json!([{"currency": "EUR", "total": 85.0}, {"currency": "JPY", "total": 4250}])
    );
    assert_eq!(earnings["total"], 85.0);
    w.books_are_right().await;
}
