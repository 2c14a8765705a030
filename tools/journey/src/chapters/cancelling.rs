//! Ending a booking before it begins, by everybody who may.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{
    booking::{book, calendar, path},
    schedule::{date_in, free, is_free},
};
use crate::{answer::Answer, people::Person, shape::Kind, shapes, story::Story};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    let day = date_in(12)?;
    story.tell("Tom asks for a lesson and thinks better of it");
    let withdrawn = book(story, &story.tom, &story.lessons, day, "09:00").await?;
    cancel(story, &withdrawn, &story.tom, "withdrawn", 100).await?;
    story.tell("He asks again; Marco declines");
    decline(story, day).await?;
    story.tell("Marco accepts two lessons; Anna cancels one, and the preview is what happens");
    let hers = confirmed(story, day, "13:00").await?;
    cancel(story, &hers, &story.anna, "cancelled_by_customer", 100).await?;
    calendar(story, &hers, 1, "CANCELLED").await?;
    again(story, &hers).await?;
    story.tell("Marco cancels the other one");
    let his = confirmed(story, day, "15:00").await?;
    cancel(story, &his, &story.marco, "cancelled_by_provider", 100).await
}

async fn confirmed(story: &Story, day: Date, time: &str) -> anyhow::Result<Answer> {
    let booking = book(story, &story.anna, &story.lessons, day, time).await?;
    let accept = format!("/providers/jobs/{}/accept/", booking.text("id")?);
    story.client.put(&accept).by(&story.marco).expect(200).await?;
    Ok(booking)
}

/// Looks at what cancelling refunds, cancels, and compares.
pub async fn cancel(
    story: &Story,
    booking: &Answer,
    person: &Person,
    sub_status: &str,
    percent: u32,
) -> anyhow::Result<()> {
    let by = if person.id == story.marco.id { "provider" } else { "customer" };
    let (client, path) = (&story.client, path(booking)?);
    let preview = client.get(&format!("{path}cancellation/")).by(person).expect(200).await?;
    preview.is_private()?.field_fits("refund_amount", Kind::Money)?.field_fits("currency", Kind::Currency)?;
    preview.is("refund_percent", percent)?.field_fits("reason", Kind::Word)?;
    let reason = json!({"reason": "Something came up"});
    let cancelled = client.put(&format!("{path}cancel/")).by(person).json(reason).expect(200).await?;
    cancelled.fits(shapes::BOOKING)?.is("status", "cancelled")?.is("sub_status", sub_status)?;
    cancelled.is("cancelled_by", by)?.is("cancellation_reason", "Something came up")?;
    cancelled.is("can_cancel", false)?.is("can_reschedule", false)?;
    let refund = preview.money("refund_amount")?;
    cancelled.check(
        cancelled.money("refund_amount")? == refund,
        format_args!("refund_amount should be what the preview said: {}", preview.at("refund_amount")?),
    )?;
    let day: Date = booking.text("scheduled_date")?.parse()?;
    let slots = free(story, &story.lessons, day, day).await?;
    let time = booking.text("scheduled_time")?;
    if booking.text("service_id")? == story.lessons.id {
        slots.check(is_free(&slots, day, &time)?, format_args!("{time} should be free again"))?;
    }
    Ok(())
}

async fn decline(story: &Story, day: Date) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    let booking = book(story, &story.tom, &story.lessons, day, "11:00").await?;
    let id = booking.text("id")?;
    let decline =
        client.put(&format!("/providers/jobs/{id}/decline/")).by(marco).json(json!({"reason": "On tour"}));
    let declined = decline.expect(200).await?;
    declined.fits(shapes::BOOKING)?.is("status", "cancelled")?.is("sub_status", "declined")?;
    declined.is("cancelled_by", "provider")?.is("cancellation_reason", "On tour")?;
    let late = client.put(&format!("/providers/jobs/{id}/accept/")).by(marco);
    late.refused(409, "invalid_transition").await?.is("state", "declined")?;
    let jobs = client.get("/providers/jobs/").by(marco).query("type", "cancelled").expect(200).await?;
    jobs.lists(shapes::BOOKING)?.has(&id)?;
    Ok(())
}

async fn again(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, anna, path) = (&story.client, &story.anna, path(booking)?);
    let refused = client.put(&format!("{path}cancel/")).by(anna).refused(409, "invalid_transition").await?;
    refused.is("state", "cancelled_by_customer")?.is("allowed", json!([]))?;
    let move_it = json!({"scheduled_date": date_in(12)?.to_string(), "scheduled_time": "10:00"});
    client.put(&format!("{path}reschedule/")).by(anna).json(move_it).expect(409).await?;
    let seen = client.get(&path).by(anna).expect(200).await?;
    let last = seen.list("history")?.last().and_then(|entry| entry.get("to")?.as_str());
    seen.check(last == Some("cancelled_by_customer"), "the history should end with the cancellation")?;
    seen.is("reschedule", Value::Null)?;
    Ok(())
}
