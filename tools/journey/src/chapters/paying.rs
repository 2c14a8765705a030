//! Paying by card: at once, with the payer's consent, again after a decline, in parts; and money that goes back.

use serde_json::{Value, json};

use super::{booking::path, instant::start_number};
use crate::{
    answer::Answer,
    people::Person,
    shape::Kind,
    shapes,
    story::{BETWEEN, PATIENCE, Story},
};

/// What this chapter leaves for the next one: a booking that is paid and still to take place, within half an hour.
pub async fn tell(story: &mut Story) -> anyhow::Result<Answer> {
    story.tell("Anna sees how she can pay, and keeps a card");
    methods(story).await?;
    story
        .tell("She books the next quarter of an hour; her bank wants her consent, which she gives on a page");
    let tuned = book(story, 2, "card").await?;
    quote(story, &tuned).await?;
    consent(story, &tuned).await?;
    story.tell("Another card is declined, and the booking stays payable");
    let declined = book(story, 60, "card").await?;
    let paid = decline_and_retry(story, &declined).await?;
    story.tell("She pays once, whatever she sends; and nobody else pays, or sees it");
    once(story, &declined, &paid).await?;
    story.tell("Marco gives five euros back, and cannot give back more than was paid");
    give_back(story, &paid).await?;
    story.tell("She cancels on the day before: half of what is left comes back");
    cancel_for_half(story, &declined, &paid).await?;
    story.tell("The receipt says all of it");
    receipt(story, &paid).await?;
    story.tell(
        "She pays a third one in three parts, one of them early; Marco cancels, and all of it comes back",
    );
    in_parts(story).await?;
    Ok(tuned)
}

/// Anna books a free start, to be paid so.
pub async fn book(story: &Story, index: usize, method: &str) -> anyhow::Result<Answer> {
    let starts = start_number(story, index).await?;
    let body =
        json!({"service_id": story.tuning.id, "starts_at": starts.to_string(), "payment_method": method});
    let made = story.client.post("/bookings/").by(&story.anna).json(body).expect(201).await?;
    made.fits(shapes::BOOKING)?.is("payment_method", method)?.is("payment_status", "unpaid")?;
    made.is("sub_status", "awaiting_payment")?.is("is_paid", false)?;
    Ok(made)
}

/// What it costs, before it is paid; and a code that nobody has made.
async fn quote(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let ask = || story.client.get("/payments/quote/").by(&story.anna);
    let quote = ask().query("booking_id", booking.text("id")?).expect(200).await?;
    let total = quote.money("service")? - quote.money("discount")? + quote.money("service_fee")?;
    quote.check(quote.money("total")? == total, "the parts should add up")?.is_private()?;
    let wrong = ask().query("booking_id", booking.text("id")?).query("promo_code", "NOSUCHCODE");
    wrong.refused(422, "promo_not_found").await?;
    Ok(())
}

/// What somebody sends to pay by card.
pub fn by_card(booking: &Answer, method: &str) -> anyhow::Result<Value> {
    Ok(json!({
        "booking_id": booking.text("id")?,
        "payment_type": "immediate",
        "payment_method": "card",
        "payment_method_id": format!("pm_sandbox_{method}"),
    }))
}

/// Asks until something has happened.
pub async fn until(
    story: &Story,
    path: &str,
    person: &Person,
    happened: impl Fn(&Answer) -> bool,
) -> anyhow::Result<Answer> {
    let mut seen = story.client.get(path).by(person).expect(200).await?;
    for _ in 0..PATIENCE {
        if happened(&seen) {
            return Ok(seen);
        }
        tokio::time::sleep(BETWEEN).await;
        seen = story.client.get(path).by(person).quietly().expect(200).await?;
    }
    Err(seen.wrong("what should have followed has not happened"))
}

/// Asks until a payment has this status.
pub async fn until_status(story: &Story, payment: &Answer, status: &str) -> anyhow::Result<Answer> {
    until(story, &payment_path(payment)?, &story.anna, |seen| seen.is("status", status).is_ok()).await
}

/// Asks until so many cents of a payment have gone back.
pub async fn until_back(story: &Story, payment: &Answer, cents: i64) -> anyhow::Result<Answer> {
    let has = |seen: &Answer| seen.money("refunded_amount").ok() == Some(cents);
    until(story, &payment_path(payment)?, &story.anna, has).await
}

/// The path of a payment.
pub fn payment_path(payment: &Answer) -> anyhow::Result<String> {
    Ok(format!("/payments/{}/", payment.text("id")?))
}

async fn methods(story: &Story) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let list = client.get("/payments/methods/").by(anna).expect(200).await?;
    list.is_private()?.field_fits("available", Kind::Each(&Kind::Is(shapes::AVAILABLE_METHOD)))?;
    list.is("saved", json!([]))?;
    let setup = client.post("/payments/setup-intent/").by(anna).json(json!({})).expect(201).await?;
    setup.field_fits("client_secret", Kind::Word)?;
    let number = json!({"token": "4242424242424242"});
    client.post("/payments/methods/").by(anna).json(number).invalid("token").await?;
    let keep = |token: &str| client.post("/payments/methods/").by(anna).json(json!({"token": token}));
    let visa = keep("pm_sandbox_visa").expect(201).await?;
    visa.fits(shapes::PAYMENT_METHOD)?.is("is_default", true)?;
    let other = keep("pm_sandbox_mastercard").expect(201).await?;
    let path = format!("/payments/methods/{}/", other.text("id")?);
    client.put(&format!("{path}default/")).by(&story.tom).refused(404, "not_found").await?;
    client.put(&format!("{path}default/")).by(anna).expect(200).await?.is("is_default", true)?;
    client.delete(&path).by(&story.tom).refused(404, "not_found").await?;
    client.delete(&path).by(anna).expect(204).await?;
    let list = client.get("/payments/methods/").by(anna).expect(200).await?;
    list.field_fits("saved", Kind::Each(&Kind::Is(shapes::PAYMENT_METHOD)))?
        .is("saved.0.is_default", true)?;
    list.check(list.list("saved")?.len() == 1, "one card should be left")?;
    Ok(())
}

async fn consent(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let payment =
        client.post("/payments/process/").by(anna).json(by_card(booking, "3ds")?).expect(201).await?;
    payment
        .fits(shapes::PAYMENT)?
        .is("status", "requires_action")?
        .field_fits("client_secret", Kind::Word)?;
    client
        .get(&payment_path(&payment)?)
        .by(&story.marco)
        .expect(200)
        .await?
        .is("client_secret", Value::Null)?;
    client.get(&path(booking)?).by(anna).expect(200).await?.is("sub_status", "awaiting_payment")?;
    let page = payment.text("action_url")?;
    client.get(&page).page(200).await?;
    let key = page.split_once("key=").map(|(_, key)| key).unwrap_or_default();
    let form = format!("key={key}&decision=approve");
    client.post(&page).raw("application/x-www-form-urlencoded", form).page(200).await?;
    let paid = until_status(story, &payment, "completed").await?;
    paid.fits(shapes::PAYMENT)?.is("amount", 20.05)?.is("client_secret", Value::Null)?;
    let booked = client.get(&path(booking)?).by(anna).expect(200).await?;
    booked.is("sub_status", "confirmed")?.is("is_paid", true)?.is("payment_status", "paid")?;
    Ok(())
}

async fn decline_and_retry(story: &Story, booking: &Answer) -> anyhow::Result<Answer> {
    let (client, anna) = (&story.client, &story.anna);
    let pay = |body: Value| client.post("/payments/process/").by(anna).json(body);
    let declined = pay(by_card(booking, "declined")?).refused(402, "card_declined").await?;
    let failed =
        client.get(&format!("/payments/{}/", declined.text("payment_id")?)).by(anna).expect(200).await?;
    failed.fits(shapes::PAYMENT)?.is("status", "failed")?.is("failure_code", "card_declined")?;
    client.get(&path(booking)?).by(anna).expect(200).await?.is("is_paid", false)?;
    let paid = pay(by_card(booking, "visa")?).expect(201).await?;
    paid.fits(shapes::PAYMENT)?.is("status", "completed")?.is("paid_amount", 20.05)?;
    paid.is("booking.id", booking.text("id")?)?;
    Ok(paid)
}

async fn once(story: &Story, booking: &Answer, payment: &Answer) -> anyhow::Result<()> {
    let (client, anna, id) = (&story.client, &story.anna, payment.text("id")?);
    let again = client.post("/payments/process/").by(anna).json(by_card(booking, "visa")?);
    again.refused(409, "already_paid").await?.is("payment_id", id.as_str())?;
    let foreign = client.post("/payments/process/").by(&story.tom).json(by_card(booking, "visa")?);
    foreign.refused(404, "not_found").await?;
    client.get(&payment_path(payment)?).by(&story.tom).refused(404, "not_found").await?;
    client.get(&payment_path(payment)?).refused(401, "unauthenticated").await?;
    let mine = client.get("/payments/history/").by(anna).query("status", "completed").expect(200).await?;
    mine.lists(shapes::PAYMENT)?.is_private()?.has(&id)?;
    client.get("/payments/history/").by(&story.tom).expect(200).await?.is("count", 0)?;
    Ok(())
}

async fn give_back(story: &Story, payment: &Answer) -> anyhow::Result<()> {
    let id = payment.text("id")?;
    let refund = |person: &Person, amount: Value| {
        let body = json!({"payment_id": id, "amount": amount, "reason": "A string was missing."});
        story.client.post("/payments/refund/").by(person).json(body)
    };
    refund(&story.anna, json!(5)).refused(403, "forbidden").await?;
    refund(&story.tom, json!(5)).refused(404, "not_found").await?;
    for amount in [json!(0), json!(-5), json!("5.001"), json!("five")] {
        refund(&story.marco, amount).invalid("amount").await?;
    }
    let begun = refund(&story.marco, json!(5)).expect(201).await?;
    begun.fits(shapes::REFUND)?.is("amount", 5.0)?.is("refunded_amount", 5.0)?;
    refund(&story.marco, json!(15.06)).refused(409, "refund_too_large").await?.is("refundable", 15.05)?;
    let seen = until_status(story, payment, "partially_refunded").await?;
    seen.is("refunded_amount", 5.0)?;
    Ok(())
}

async fn cancel_for_half(story: &Story, booking: &Answer, payment: &Answer) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let cancelled =
        client.put(&format!("{}cancel/", path(booking)?)).by(anna).json(json!({})).expect(200).await?;
    cancelled.is("sub_status", "cancelled_by_customer")?;
    let back = cancelled.money("refund_amount")?;
    cancelled.check((752..=753).contains(&back), "half of 15.05 should come back")?;
    // Five euros went back before.
    until_back(story, payment, back + 500).await?;
    Ok(())
}

async fn receipt(story: &Story, payment: &Answer) -> anyhow::Result<()> {
    let (client, anna, path) = (&story.client, &story.anna, format!("{}receipt/", payment_path(payment)?));
    client.get(&path).by(&story.tom).refused(404, "not_found").await?;
    let receipt = client.get(&path).by(anna).expect(200).await?;
    receipt.fits(shapes::RECEIPT)?.is("amount", 20.05)?.is("customer_name", story.anna.name.as_str())?;
    let again = client.get(&path).by(anna).expect(200).await?;
    again.is("number", receipt.text("number")?)?;
    // Each refund has its note once it has arrived.
    let has_notes = |seen: &Answer| seen.list("credit_notes").is_ok_and(|notes| notes.len() == 2);
    let receipt = until(story, &path, anna, has_notes).await?;
    let note =
        format!("{}credit-notes/{}/", payment_path(payment)?, receipt.text("credit_notes.0.refund_id")?);
    client.get(&note).by(&story.tom).refused(404, "not_found").await?;
    client.get(&note).by(anna).expect(200).await?.is("receipt_number", receipt.text("number")?)?;
    for paper in [path, note] {
        pdf(client.get(&paper).by(anna)).await?;
    }
    Ok(())
}

/// The same as a document.
pub async fn pdf(call: crate::call::Call<'_>) -> anyhow::Result<()> {
    let file = call.header("accept", "application/pdf").expect(200).await?;
    file.header_is("content-type", "application/pdf")?;
    file.check(file.bytes.starts_with(b"%PDF-"), "it should be a PDF file")?;
    Ok(())
}

async fn in_parts(story: &Story) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let booking = book(story, 90, "card").await?;
    let body =
        |count: i64| json!({"booking_id": booking.at("id").ok(), "count": count, "interval": "monthly"});
    client.post("/payments/installments/").by(anna).json(body(13)).invalid("count").await?;
    let payment = client.post("/payments/installments/").by(anna).json(body(3)).expect(201).await?;
    payment.fits(shapes::PAYMENT)?.is("payment_type", "installment")?.is("paid_amount", 6.69)?;
    payment.field_fits("installments", Kind::Each(&Kind::Is(shapes::INSTALLMENT)))?;
    for (place, amount, status) in [(0, 6.69, "paid"), (1, 6.68, "pending"), (2, 6.68, "pending")] {
        payment.is(&format!("installments.{place}.amount"), amount)?;
        payment.is(&format!("installments.{place}.status"), status)?;
    }
    let second = format!("/payments/installments/{}/pay/", payment.text("installments.1.id")?);
    client.post(&second).by(&story.tom).json(json!({})).refused(404, "not_found").await?;
    let early = client.post(&second).by(anna).json(json!({})).expect(201).await?;
    early.is("paid_amount", 13.37)?.is("installments.1.status", "paid")?;
    client.post(&second).by(anna).json(json!({})).refused(409, "installment_not_payable").await?;
    client.put(&format!("{}cancel/", path(&booking)?)).by(&story.marco).json(json!({})).expect(200).await?;
    let back = until_back(story, &payment, 1337).await?;
    back.is("installments.2.status", "cancelled")?;
    Ok(())
}
