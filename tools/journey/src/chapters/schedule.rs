//! The provider's working hours, and the starts that follow from them.

use std::sync::OnceLock;

use jiff::{ToSpan as _, civil::Date};
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    shape::Kind,
    shapes,
    story::{Service, Story, ZONE, now, zone},
};

const PATH: &str = "/providers/schedule/";

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Marco says when he works: every day from nine to five, but not on the day of his concert");
    set(story).await?;
    refused(story).await?;
    story.tell("Free starts follow from it");
    slots(story).await
}

/// The local date so many days after the journey began: it may go on past midnight.
pub fn date_in(days: i64) -> anyhow::Result<Date> {
    static TODAY: OnceLock<Date> = OnceLock::new();
    let zone = zone()?;
    let today = TODAY.get_or_init(|| now().to_zoned(zone).date());
    Ok(today.checked_add(days.days())?)
}

fn every_day(start: &str, end: &str) -> Value {
    (1..=7).map(|weekday| json!({"weekday": weekday, "start": start, "end": end})).collect()
}

/// Hours that are asked for first.
fn by_request() -> anyhow::Result<Value> {
    Ok(json!({
        "timezone": ZONE,
        "weekly": every_day("09:00", "17:00:00"),
        "exceptions": [{"date": date_in(8)?.to_string(), "is_available": false, "intervals": [], "reason": "Concert"}],
        "min_notice_minutes": 60,
        "max_advance_days": 400,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 15,
        "slot_step_minutes": 30,
        "auto_accept": false,
    }))
}

/// Hours that are booked at once, day and night.
pub fn instantly() -> Value {
    json!({
        "timezone": ZONE,
        "weekly": every_day("00:00", "24:00"),
        "exceptions": [],
        "min_notice_minutes": 0,
        "max_advance_days": 400,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "slot_step_minutes": 5,
        "auto_accept": true,
    })
}

async fn set(story: &Story) -> anyhow::Result<()> {
    let (client, marco) = (&story.client, &story.marco);
    client.get(PATH).by(&story.anna).refused(403, "provider_required").await?;
    let first = client.get(PATH).by(marco).expect(200).await?;
    first.fits(shapes::SCHEDULE)?.is_private()?;
    let old = first.header("etag")?;
    let put =
        || Ok::<_, anyhow::Error>(client.put(PATH).by(marco).header("if-match", &old).json(by_request()?));
    let made = put()?.expect(200).await?;
    made.fits(shapes::SCHEDULE)?
        .is("timezone", ZONE)?
        .is("auto_accept", false)?
        .is("conflicts", json!([]))?;
    made.is("weekly.0.start", "09:00:00")?.is("exceptions.0.reason", "Concert")?;
    put()?.refused(412, "stale_version").await?;
    let kept = client.get(PATH).by(marco).expect(200).await?;
    kept.same_as(&made, &["weekly", "exceptions", "buffer_after_minutes", "slot_step_minutes", "version"])?;
    kept.header_is("etag", &made.header("etag")?)?;
    Ok(())
}

async fn refused(story: &Story) -> anyhow::Result<()> {
    let hours = |start: &str, end: &str| json!({"weekday": 1, "start": start, "end": end});
    for (field, name, value) in [
        ("weekly.0.end", "weekly", json!([hours("17:00", "09:00")])),
        ("weekly.1.start", "weekly", json!([hours("09:00", "12:00"), hours("11:00", "13:00")])),
        ("weekly.0.weekday", "weekly", json!([{"weekday": 8, "start": "09:00", "end": "10:00"}])),
        ("timezone", "timezone", json!("Europe/Atlantis")),
        ("slot_step_minutes", "slot_step_minutes", json!(0)),
        ("max_advance_days", "max_advance_days", json!(100_000)),
    ] {
        let mut body = by_request()?;
        if let Some(body) = body.as_object_mut() {
            body.insert(name.to_owned(), value);
        }
        story.client.put(PATH).by(&story.marco).json(body).invalid(field).await?;
    }
    Ok(())
}

/// The free starts of a service from one date to another, as somebody who is signed in sees them.
pub async fn free(story: &Story, service: &Service, from: Date, to: Date) -> anyhow::Result<Answer> {
    let call = story.client.get(&format!("{}slots/", service.path)).by(&story.anna);
    let answer = call.query("from", from).query("to", to).expect(200).await?;
    for (index, _) in answer.results()?.iter().enumerate() {
        answer.field_fits(&format!("results.{index}"), Kind::Is(shapes::SLOT))?;
    }
    Ok(answer)
}

/// Whether a start is among the free ones.
pub fn is_free(slots: &Answer, date: Date, time: &str) -> anyhow::Result<bool> {
    let date = date.to_string();
    let matches = |slot: &Value| {
        let is = |name: &str, wanted: &str| slot.get(name).and_then(Value::as_str) == Some(wanted);
        is("local_date", &date) && is("local_time", time)
    };
    Ok(slots.results()?.iter().any(matches))
}

async fn slots(story: &Story) -> anyhow::Result<()> {
    let (client, day) = (&story.client, date_in(6)?);
    let slots = free(story, &story.lessons, day, day).await?;
    slots.check(
        slots.results()?.len() == 15,
        "from 09:00 to 16:00 there should be 15 starts, one each half hour",
    )?;
    slots.is("results.0.local_time", "09:00:00")?.is("results.0.local_date", day.to_string())?;
    slots.is("results.14.local_time", "16:00:00")?;
    let first = day.at(9, 0, 0, 0).to_zoned(zone()?)?.timestamp();
    slots.is("results.0.starts_at", first.to_string())?;
    let concert = free(story, &story.lessons, date_in(8)?, date_in(8)?).await?;
    concert.check(concert.results()?.is_empty(), "on the day of the concert nothing should be free")?;

    let path = format!("{}slots/", story.lessons.path);
    let open = client.get(&path).query("from", date_in(1)?).query("to", date_in(31)?).expect(200).await?;
    open.check(!open.results()?.is_empty(), "31 days should be allowed, and free starts in them")?;
    client.get(&path).query("from", date_in(1)?).query("to", date_in(32)?).expect(422).await?;
    client.get(&path).query("from", date_in(2)?).query("to", date_in(1)?).expect(422).await?;
    client.get(&path).query("from", "2026-02-30").expect(422).await?;
    Ok(())
}
