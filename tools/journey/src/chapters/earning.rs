//! What the provider earns, and how it comes to their bank.

use serde_json::{Value, json};

use super::{
    booking::path,
    paying::{pdf, until},
};
use crate::{answer::Answer, call::Call, shape::Kind, shapes, story::Story};

/// The booking is paid and to take place within half an hour.
pub async fn tell(story: &mut Story, booking: &Answer) -> anyhow::Result<()> {
    story.tell("Marco does the work; what Anna paid is his, less our share");
    done(story, booking).await?;
    story.tell("Anna thanks him with a tip, and sees everything that happened to her money in one list");
    tip(story, booking).await?;
    story.tell("He says where he is paid");
    account(story).await?;
    story.tell("He withdraws what is available, and not more");
    withdraw(story).await?;
    story.tell("The statement has a line for each job and each withdrawal");
    statement(story).await?;
    story.tell("Finance looks at the books: they balance");
    books(story).await
}

async fn done(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    client.get("/providers/earnings/").by(&story.anna).refused(403, "provider_required").await?;
    let before = client.get("/providers/earnings/").by(marco).expect(200).await?;
    before.fits(shapes::EARNINGS)?.is_private()?;
    for status in ["ongoing", "completed"] {
        let set = client.put(&format!("{}status/", path(booking)?)).by(marco);
        set.json(json!({"status": status})).expect(200).await?;
    }
    let jobs = earned(&before)?;
    let after = until(story, "/providers/earnings/", marco, |seen| earned(seen).ok() > Some(jobs)).await?;
    after.fits(shapes::EARNINGS)?.is("transactions.0.gross", 20.05)?.is("transactions.0.type", "earning")?;
    let net = after.money("transactions.0.amount")?;
    after.check((1704..=1705).contains(&net), "85 % of 20.05 should be his")?;
    for (from, to) in [("2026-02-02", "2026-02-01"), ("2026-02-30", "2026-03-01")] {
        let window = client.get("/providers/earnings/").by(marco).query("from", from).query("to", to);
        window.expect(422).await?;
    }
    let by_day = client.get("/providers/earnings/").by(marco).query("group_by", "day").expect(200).await?;
    by_day.field_fits("by_period", Kind::Each(&Kind::Is(shapes::EARNINGS_PERIOD)))?;
    Ok(())
}

async fn tip(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, anna, marco) = (&story.client, &story.anna, &story.marco);
    let give = |amount: Value| -> anyhow::Result<Call<'_>> {
        let body = json!({"booking_id": booking.text("id")?, "amount": amount, "payment_method": "card",
            "payment_method_id": "pm_sandbox_visa"});
        Ok(client.post("/payments/tips/").by(anna).json(body))
    };
    for amount in [json!(0), json!(-5), json!(1000)] {
        give(amount)?.expect(422).await?;
    }
    let given = give(json!(5))?.expect(201).await?;
    given.fits(shapes::PAYMENT)?.is("is_tip", true)?.is("status", "completed")?;
    let earned = client.get("/providers/earnings/").by(marco).expect(200).await?;
    earned
        .is("transactions.0.type", "tip")?
        .is("transactions.0.amount", 5.0)?
        .is("transactions.0.fees", 0.0)?;
    let list = client.get("/payments/activity/").by(anna).expect(200).await?;
    list.is("results.0.kind", "tip")?.is("results.0.amount", -5.0)?.is_private()?;
    let file = client.get("/payments/activity/").by(anna).header("Accept", "text/csv").expect(200).await?;
    let text = String::from_utf8_lossy(&file.bytes).into_owned();
    file.check(text.starts_with("\u{feff}at,kind,status,"), "the first line should name the columns")?;
    Ok(())
}

/// How many jobs have earned something.
fn earned(earnings: &Answer) -> anyhow::Result<usize> {
    let lines = earnings.list("transactions")?.iter();
    Ok(lines.filter(|line| line.get("type").and_then(Value::as_str) == Some("earning")).count())
}

async fn account(story: &Story) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    client.get("/providers/payout-account/").by(marco).expect(200).await?.is("status", "none")?;
    let withdrawal = client.post("/providers/withdrawals/").by(marco).json(json!({"amount": 10}));
    withdrawal.refused(409, "payout_account_missing").await?;
    let set = |body: Value| client.put("/providers/payout-account/").by(marco).json(body);
    set(json!({"country": "Germany"})).invalid("country").await?;
    let account = set(json!({"country": "DE", "bank_token": "ba_sandbox_good"})).expect(200).await?;
    account.is("status", "active")?.is_private()?;
    Ok(())
}

async fn withdraw(story: &Story) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    let post =
        |amount: Value| client.post("/providers/withdrawals/").by(marco).json(json!({"amount": amount}));
    client
        .post("/providers/withdrawals/")
        .by(&story.anna)
        .json(json!({"amount": 10}))
        .refused(403, "provider_required")
        .await?;
    for amount in [json!(9.99), json!(0), json!(-10), json!("10.001")] {
        post(amount).expect(422).await?;
    }
    post(json!(1000)).refused(409, "balance_too_low").await?;
    let earnings = client.get("/providers/earnings/").by(marco).expect(200).await?;
    if earnings.money("pending")? > 0 {
        println!(
            "   (The money waits until complaints come too late: EARNINGS_HOLD_HOURS=0 shows the withdrawal.)"
        );
        return Ok(());
    }
    let amount = earnings.at("available")?.clone();
    let asked = post(amount.clone()).expect(201).await?;
    asked.fits(shapes::WITHDRAWAL)?.is("amount", amount)?.is("status", "requested")?;
    post(json!(10)).refused(409, "withdrawal_open").await?;
    let id = asked.text("id")?;
    let is_paid = |seen: &Answer| seen.is("results.0.status", "paid").is_ok();
    let list = until(story, "/providers/withdrawals/", marco, is_paid).await?;
    list.lists(shapes::WITHDRAWAL)?.has(&id)?;
    let after = client.get("/providers/earnings/").by(marco).expect(200).await?;
    after.is("available", 0.0)?.is("in_payout", 0.0)?;
    post(json!(10)).refused(409, "balance_too_low").await?;
    Ok(())
}

async fn statement(story: &Story) -> anyhow::Result<()> {
    let file = story.client.get("/providers/earnings/statement/").by(&story.marco).expect(200).await?;
    let text = String::from_utf8_lossy(&file.bytes).into_owned();
    file.check(text.starts_with("\u{feff}date,type,status,"), "the first line should name the columns")?;
    file.check(text.contains(",earning,"), "there should be jobs")?;
    pdf(story.client.get("/providers/earnings/statement/").by(&story.marco)).await?;
    Ok(())
}

/// Only where a member of staff can be signed in.
async fn books(story: &Story) -> anyhow::Result<()> {
    story.client.get("/admin/ledger/check/").by(&story.marco).refused(403, "forbidden").await?;
    let Some(finance) = story.sign_staff_in().await? else { return Ok(()) };
    let report = story.client.get("/admin/ledger/check/").token(&finance).expect(200).await?;
    report.is("is_clean", true)?;
    for invariant in report.list("invariants")? {
        println!("   ✓ {}", invariant.get("name").and_then(Value::as_str).unwrap_or_default());
    }
    for balance in report.list("balances")? {
        let field = |name: &str| balance.get(name).map(ToString::to_string).unwrap_or_default();
        println!("   {:>14} {} {}", field("balance"), field("currency"), field("purpose"));
    }
    Ok(())
}
