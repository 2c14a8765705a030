//! Buying credits, and paying by them.

use serde_json::json;

use super::{
    booking::path,
    paying::{book, by_card, payment_path, until},
};
use crate::{answer::Answer, shape::Kind, shapes, story::Story};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Anna has no credits; nobody else may look");
    let credits = format!("/users/{}/credits/", story.anna.id);
    let (client, anna) = (&story.client, &story.anna);
    client.get(&credits).by(anna).expect(200).await?.is("balance", 0.0)?.is("transactions", json!([]))?;
    client.get(&credits).by(&story.tom).refused(404, "not_found").await?;
    story.tell("A booking cannot be paid by credits that are not there");
    let booking = book(story, 120, "credits").await?;
    let pay =
        json!({"booking_id": booking.text("id")?, "payment_type": "credits", "payment_method": "credits"});
    let refused = client.post("/payments/process/").by(anna).json(pay.clone());
    refused.refused(402, "insufficient_credits").await?;
    story.tell("She buys the smallest package, and pays");
    buy(story, &credits).await?;
    let before = balance(&client.get(&credits).by(anna).expect(200).await?)?;
    let paid = client.post("/payments/process/").by(anna).json(pay).expect(201).await?;
    paid.fits(shapes::PAYMENT)?.is("status", "completed")?.is("payment_method", "credits")?;
    let after = client.get(&credits).by(anna).expect(200).await?;
    after.is("transactions.0.transaction_type", "used")?;
    after.check(
        balance(&after)? == before - paid.money("amount")?,
        "the balance should be less by the price",
    )?;
    story.tell("Marco cancels, and she has her credits back");
    client.put(&format!("{}cancel/", path(&booking)?)).by(&story.marco).json(json!({})).expect(200).await?;
    let is_back = |seen: &Answer| seen.is("transactions.0.transaction_type", "refund").is_ok();
    let back = until(story, &credits, anna, is_back).await?;
    back.check(balance(&back)? == before, "all of them should be back")?;
    story.tell("She pays one by credits and card together; both come back");
    together(story, &credits, before).await
}

async fn together(story: &Story, credits: &str, before: i64) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let booking = book(story, 150, "card").await?;
    let with = |amount: i64| {
        let mut body = by_card(&booking, "visa")?;
        if let Some(body) = body.as_object_mut() {
            body.insert("credits_amount".to_owned(), amount.into());
        }
        anyhow::Ok(client.post("/payments/process/").by(anna).json(body))
    };
    with(21)?.refused(422, "credits_amount_invalid").await?;
    let paid = with(8)?.expect(201).await?;
    paid.fits(shapes::PAYMENT)?
        .is("status", "completed")?
        .is("paid_amount", 20.05)?
        .is("credits_amount", 8.0)?;
    let receipt = client.get(&format!("{}receipt/", payment_path(&paid)?)).by(anna).expect(200).await?;
    receipt.is("tender.0.amount", 12.05)?.is("tender.1.amount", 8.0)?.is("tender.1.method", "credits")?;
    client.put(&format!("{}cancel/", path(&booking)?)).by(&story.marco).json(json!({})).expect(200).await?;
    let is_back = |seen: &Answer| balance(seen).ok() == Some(before);
    until(story, credits, anna, is_back).await?;
    Ok(())
}

async fn buy(story: &Story, credits: &str) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let packages = client.get("/credits/packages/").expect(200).await?;
    packages.field_fits("results", Kind::Each(&Kind::Is(shapes::CREDIT_PACKAGE)))?;
    let purchase = |method: &str| {
        let id = packages.at("results.0.id").ok();
        let body = json!({"package_id": id, "payment_method": "card", "payment_method_id": method});
        client.post(&format!("{credits}purchase/")).by(anna).json(body)
    };
    purchase("pm_sandbox_insufficient_funds").refused(402, "insufficient_funds").await?;
    purchase("pm_sandbox_visa").expect(201).await?.fits(shapes::PAYMENT)?.is("status", "completed")?;
    let seen = client.get(credits).by(anna).expect(200).await?;
    seen.is_private()?.field_fits("transactions", Kind::Each(&Kind::Is(shapes::CREDIT_TRANSACTION)))?;
    let bought = packages.money("results.0.credits")? + packages.money("results.0.bonus")?;
    seen.check(balance(&seen)? == bought, "what was bought should be there")?;
    Ok(())
}

fn balance(credits: &Answer) -> anyhow::Result<i64> {
    credits.money("balance")
}
