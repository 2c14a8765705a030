//! A card that is charged later, and cannot be: both are told each time, and in the end the booking is off.

use jiff::{SignedDuration, ToSpan as _};
use serde_json::json;

use super::{
    booking::path,
    paying::{payment_path, until},
};
use crate::{
    answer::Answer,
    story::{Story, now},
};

/// When a charge is tried again, after the day that it was due: in days since the try before.
const DAYS_BETWEEN_TRIES: [i64; 3] = [1, 2, 4];

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell(
        "Anna books for the month after next, to be charged tomorrow; her bank will want her consent then",
    );
    let (booking, payment) = scheduled(story).await?;
    story.tell(
        "Nobody is there to give it: she and Marco are told, and it is tried again after 1, 3 and 7 days",
    );
    let told = (told(story).await?, SignedDuration::from_hours(30));
    story.advance(told.1).await?;
    until(story, &payment_path(&payment)?, &story.anna, |seen| {
        seen.at("failure_code").is_ok_and(|code| !code.is_null())
    })
    .await?;
    until(story, NOTICES, &story.anna, |seen| seen.money("count").is_ok_and(|count| count > told.0)).await?;
    story.client.get(&path(&booking)?).by(&story.anna).expect(200).await?.is("sub_status", "confirmed")?;
    for days in DAYS_BETWEEN_TRIES {
        story.advance(SignedDuration::from_hours(24 * days)).await?;
    }
    story.tell("The last try has failed, and the time is free again");
    let off = |seen: &Answer| seen.is("sub_status", "payment_expired").is_ok();
    until(story, &path(&booking)?, &story.anna, off).await?;
    Ok(())
}

/// What Anna has been told of her money.
const NOTICES: &str = "/notifications/?type=payment";

/// How many notices; a count, read as cents.
async fn told(story: &Story) -> anyhow::Result<i64> {
    story.client.get(NOTICES).by(&story.anna).expect(200).await?.money("count")
}

async fn scheduled(story: &Story) -> anyhow::Result<(Answer, Answer)> {
    let (client, anna) = (&story.client, &story.anna);
    let today = now().to_zoned(crate::story::zone()?).date();
    let body = json!({"service_id": story.tuning.id, "scheduled_date": today.checked_add(60.days())?.to_string(),
        "scheduled_time": "12:00", "payment_method": "card", "payment_type": "later"});
    let booking = client.post("/bookings/").by(anna).json(body).expect(201).await?;
    let pay = json!({"booking_id": booking.text("id")?, "payment_type": "later", "payment_method": "card",
        "payment_method_id": "pm_sandbox_3ds", "due_date": today.checked_add(1.day())?.to_string()});
    let payment = client.post("/payments/process/").by(anna).json(pay).expect(201).await?;
    payment.is("status", "pending")?;
    client.get(&path(&booking)?).by(anna).expect(200).await?.is("payment_status", "scheduled")?;
    Ok((booking, payment))
}
