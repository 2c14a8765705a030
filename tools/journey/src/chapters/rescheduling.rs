//! Moving a booking: a proposal that the other side accepts or declines.

use serde_json::{Value, json};

use super::{
    booking::{book, calendar, path},
    schedule::{date_in, free, is_free},
};
use crate::{answer::Answer, shape::Kind, shapes, story::Story};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    let day = date_in(10)?;
    story.tell("Anna books another lesson, and would like to move it");
    let booking = book(story, &story.anna, &story.lessons, day, "09:00").await?;
    let id = booking.text("id")?;
    story.client.put(&format!("/providers/jobs/{id}/accept/")).by(&story.marco).expect(200).await?;
    propose(story, &booking).await?;
    story.tell("Marco agrees");
    accept(story, &booking).await?;
    story.tell("Marco would like to move it too; Anna would not");
    decline(story, &booking).await
}

async fn held(story: &Story, times: [(&str, bool); 2]) -> anyhow::Result<()> {
    let day = date_in(10)?;
    let slots = free(story, &story.lessons, day, day).await?;
    for (time, expected) in times {
        let fine = is_free(&slots, day, time)? == expected;
        slots.check(fine, format_args!("{time} should {}be free", if expected { "" } else { "not " }))?;
    }
    Ok(())
}

fn wish(time: &str) -> anyhow::Result<Value> {
    Ok(json!({"scheduled_date": date_in(10)?.to_string(), "scheduled_time": time, "reason": "A dentist"}))
}

async fn propose(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, anna, path) = (&story.client, &story.anna, path(booking)?);
    client
        .put(&format!("{path}reschedule/"))
        .by(&story.tom)
        .json(wish("13:00")?)
        .refused(404, "not_found")
        .await?;
    let proposed =
        client.put(&format!("{path}reschedule/")).by(anna).json(wish("13:00")?).expect(200).await?;
    proposed.fits(shapes::BOOKING)?.is("scheduled_time", "09:00:00")?.is("sub_status", "confirmed")?;
    proposed.field_fits("reschedule.starts_at", Kind::Instant)?;
    let wanted = date_in(10)?.at(13, 0, 0, 0).to_zoned(crate::story::zone()?)?.timestamp();
    proposed.is("reschedule.starts_at", wanted.to_string())?;
    held(story, [("09:00:00", false), ("13:00:00", false)]).await
}

async fn accept(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, path(booking)?);
    let moved = client.put(&format!("{path}reschedule/accept/")).by(marco).expect(200).await?;
    moved.fits(shapes::BOOKING)?.is("scheduled_time", "13:00:00")?.is("reschedule", Value::Null)?;
    moved.is("sub_status", "confirmed")?.same_as(booking, &["id", "total_amount", "payment_status"])?;
    held(story, [("09:00:00", true), ("13:00:00", false)]).await?;
    client.put(&format!("{path}reschedule/accept/")).by(marco).expect(409).await?;
    calendar(story, booking, 1, "CONFIRMED").await
}

async fn decline(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, marco, anna, path) = (&story.client, &story.marco, &story.anna, path(booking)?);
    let before = client.get(&path).by(anna).expect(200).await?;
    client.put(&format!("{path}reschedule/")).by(marco).json(wish("15:00")?).expect(200).await?;
    held(story, [("13:00:00", false), ("15:00:00", false)]).await?;
    let declined = client.put(&format!("{path}reschedule/decline/")).by(anna).expect(200).await?;
    declined.fits(shapes::BOOKING)?.is("reschedule", Value::Null)?;
    declined.same_as(&before, &["starts_at", "ends_at", "status", "sub_status", "total_amount"])?;
    held(story, [("13:00:00", false), ("15:00:00", true)]).await?;
    client.put(&format!("{path}reschedule/decline/")).by(anna).expect(409).await?;
    client.put(&format!("{path}reschedule/")).by(anna).json(wish("23:30")?).expect(422).await?;
    Ok(())
}
