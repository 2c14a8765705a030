//! Somebody does not come: the money follows who is at fault, once nobody can say anything against it any more.

use jiff::SignedDuration;
use serde_json::json;

use super::{
    booking::path,
    paying::{book, by_card, until_back, until_status},
};
use crate::{answer::Answer, people::Person, shapes, story::Story};

/// A booking of Anna's and her payment.
pub struct Paid {
    pub booking: Answer,
    pub payment: Answer,
}

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Anna pays two appointments; two hours later both are over");
    let absent_marco = paid(story, 2).await?;
    let absent_anna = paid(story, 8).await?;
    early(story, &absent_marco).await?;
    story.advance(SignedDuration::from_hours(2)).await?;
    story.tell("She says that Marco did not come to one, and he that she did not come to the other");
    let reported = report(story, &absent_marco.booking, &story.anna, "no_show_provider").await?;
    reported.is("refund_amount", 20.05)?;
    report(story, &absent_anna.booking, &story.marco, "no_show_customer").await?;
    contest(story, &absent_anna).await?;
    story.tell("Two days later nobody has contested the first: all of it goes back");
    nothing_went_back(story, &absent_marco).await?;
    story.advance(SignedDuration::from_hours(49)).await?;
    until_status(story, &absent_marco.payment, "refunded").await?;
    story.tell("Finance looks at the other one, and believes Marco: half goes back, as if she had cancelled at the start");
    decide(story, &absent_anna).await
}

/// Anna books the free start number `index` and pays it by card.
pub async fn paid(story: &Story, index: usize) -> anyhow::Result<Paid> {
    let booking = book(story, index, "card").await?;
    let pay = story.client.post("/payments/process/").by(&story.anna).json(by_card(&booking, "visa")?);
    let payment = pay.expect(201).await?;
    payment.is("status", "completed")?;
    Ok(Paid { booking, payment })
}

async fn early(story: &Story, paid: &Paid) -> anyhow::Result<()> {
    let path = format!("{}no-show/", path(&paid.booking)?);
    let client = &story.client;
    client.put(&path).by(&story.anna).json(json!({})).refused(409, "invalid_transition").await?;
    client.put(&path).by(&story.tom).json(json!({})).refused(404, "not_found").await?;
    Ok(())
}

async fn report(story: &Story, booking: &Answer, by: &Person, becomes: &str) -> anyhow::Result<Answer> {
    let path = format!("{}no-show/", path(booking)?);
    let reported = story.client.put(&path).by(by).json(json!({})).expect(200).await?;
    reported.fits(shapes::BOOKING)?.is("status", "cancelled")?.is("sub_status", becomes)?;
    story.client.put(&path).by(by).json(json!({})).refused(409, "invalid_transition").await?;
    Ok(reported)
}

/// Anna was there, she says.
async fn contest(story: &Story, paid: &Paid) -> anyhow::Result<()> {
    let path = format!("{}no-show/contest/", path(&paid.booking)?);
    let reason = json!({"reason": "I rang three times, and nobody opened."});
    let contest = |person: &Person| story.client.put(&path).by(person).json(reason.clone());
    contest(&story.marco).refused(409, "invalid_transition").await?;
    contest(&story.tom).refused(404, "not_found").await?;
    story.client.put(&path).by(&story.anna).json(json!({"reason": " "})).invalid("reason").await?;
    contest(&story.anna).expect(200).await?.fits(shapes::BOOKING)?.is("sub_status", "disputed")?;
    Ok(())
}

async fn nothing_went_back(story: &Story, paid: &Paid) -> anyhow::Result<()> {
    let path = super::paying::payment_path(&paid.payment)?;
    story.client.get(&path).by(&story.anna).expect(200).await?.is("refunded_amount", 0.0)?;
    Ok(())
}

async fn decide(story: &Story, paid: &Paid) -> anyhow::Result<()> {
    let path = format!("/admin/bookings/{}/resolve/", paid.booking.text("id")?);
    let decision = json!({"outcome": "provider", "reason": "The building's camera shows nobody."});
    story.client.post(&path).by(&story.marco).json(decision.clone()).refused(403, "forbidden").await?;
    let Some(finance) = story.sign_staff_in().await? else { return Ok(()) };
    let waiting = story.client.get("/admin/bookings/disputes/").token(&finance).expect(200).await?;
    waiting.check(!waiting.results()?.is_empty(), "the disputed booking should wait for a decision")?;
    let decided = story.client.post(&path).token(&finance).json(decision.clone()).expect(200).await?;
    decided.is("sub_status", "no_show_customer")?;
    story.client.post(&path).token(&finance).json(decision).refused(409, "invalid_transition").await?;
    until_back(story, &paid.payment, decided.money("refund_amount")?).await?;
    decided
        .check((1002..=1003).contains(&decided.money("refund_amount")?), "half of 20.05 should go back")?;
    Ok(())
}
