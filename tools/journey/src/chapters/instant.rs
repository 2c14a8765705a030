//! Booking at once, starting, completing.

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::{
    booking::path,
    cancelling::cancel,
    schedule::{free, instantly},
};
use crate::{
    answer::Answer,
    shapes,
    story::{Story, now},
};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Marco lets people book at once, day and night");
    let schedule =
        story.client.put("/providers/schedule/").by(&story.marco).json(instantly()).expect(200).await?;
    schedule.fits(shapes::SCHEDULE)?.is("auto_accept", true)?.is("slot_step_minutes", 5)?;
    schedule.is("weekly.0.end", "24:00:00")?;
    story.tell("Anna books the next quarter of an hour; he starts, and completes");
    let booking = book_at(story, 2).await?;
    start(story, &booking).await?;
    complete(story, &booking).await?;
    story.tell("She books another time and moves it, which needs nobody's consent");
    let moved = book_at(story, 60).await?;
    move_it(story, &moved).await?;
    story.tell("She cancels it, on the day before: half of it would come back");
    cancel(story, &moved, &story.anna, "cancelled_by_customer", 50).await
}

/// The free start number `index`, as the server gives it.
pub async fn start_number(story: &Story, index: usize) -> anyhow::Result<Timestamp> {
    let today = now().to_zoned(crate::story::zone()?).date();
    let slots = free(story, &story.tuning, today, today.checked_add(2.days())?).await?;
    let first = slots.instant("results.0.starts_at")?;
    slots.check(first >= now(), "the first start should not be in the past")?;
    slots.instant(&format!("results.{index}.starts_at"))
}

async fn book_at(story: &Story, index: usize) -> anyhow::Result<Answer> {
    let starts = start_number(story, index).await?;
    let body =
        json!({"service_id": story.tuning.id, "starts_at": starts.to_string(), "payment_method": "cash"});
    let made = story.client.post("/bookings/").by(&story.anna).json(body).expect(201).await?;
    made.fits(shapes::BOOKING)?.fits(shapes::BOOKING_ALONE)?.is("starts_at", starts.to_string())?;
    made.is("status", "upcoming")?.is("sub_status", "confirmed")?.is("total_amount", 20.05)?;
    made.is("respond_by", Value::Null)?.is("address", Value::Null)?;
    Ok(made)
}

async fn start(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, format!("{}status/", path(booking)?));
    let set = |status: &str| client.put(&path).by(marco).json(json!({"status": status}));
    client.put(&path).by(&story.tom).json(json!({"status": "ongoing"})).refused(404, "not_found").await?;
    set("asleep").invalid("status").await?;
    let ongoing = set("ongoing").expect(200).await?;
    ongoing.fits(shapes::BOOKING)?.is("status", "ongoing")?.is("sub_status", "in_progress")?;
    ongoing.is("can_cancel", false)?.is("can_reschedule", false)?;
    set("ongoing").refused(409, "invalid_transition").await?.is("state", "in_progress")?;
    let jobs = client.get("/providers/jobs/").by(marco).query("type", "ongoing").expect(200).await?;
    jobs.has(&booking.text("id")?)?;
    Ok(())
}

async fn complete(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, path(booking)?);
    let set = |status: &str| client.put(&format!("{path}status/")).by(marco).json(json!({"status": status}));
    let completed = set("completed").expect(200).await?;
    completed.fits(shapes::BOOKING)?.is("status", "completed")?.is("sub_status", "completed")?;
    // Cash has changed hands.
    completed.is("payment_status", "paid")?.is("is_paid", true)?;
    let refused = set("cancelled").refused(409, "invalid_transition").await?;
    refused.is("state", "completed")?.is("allowed", json!([]))?;
    client.put(&format!("{path}cancel/")).by(&story.anna).refused(409, "invalid_transition").await?;
    let seen = client.get(&path).by(&story.anna).expect(200).await?;
    seen.is("can_review", true)?.is("can_cancel", false)?;
    let events: Vec<_> = seen.list("history")?.iter().filter_map(|entry| entry.get("to")?.as_str()).collect();
    seen.check(events.ends_with(&["in_progress", "completed"]), "the history should tell the story")?;
    let profile = client.get("/providers/profile/").by(marco).expect(200).await?;
    profile.is("jobs_completed", 1)?;
    let jobs = client.get("/providers/jobs/").by(marco).query("type", "completed").expect(200).await?;
    jobs.is("count", 1)?.has(&booking.text("id")?)?;
    Ok(())
}

async fn move_it(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let later = start_number(story, 200).await?.to_zoned(crate::story::zone()?);
    let body = json!({
        "scheduled_date": later.date().to_string(),
        "scheduled_time": later.time().to_string(),
    });
    let moving = story.client.put(&format!("{}reschedule/", path(booking)?)).by(&story.anna).json(body);
    let moved = moving.expect(200).await?;
    moved
        .fits(shapes::BOOKING)?
        .is("starts_at", later.timestamp().to_string())?
        .is("reschedule", Value::Null)?;
    moved.is("sub_status", "confirmed")?;
    Ok(())
}
