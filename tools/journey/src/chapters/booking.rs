//! Asking for a time, and getting it.

use serde_json::{Value, json};

use super::schedule::{date_in, free, is_free};
use crate::{
    answer::Answer,
    people::Person,
    shape::Kind,
    shapes,
    story::{Service, Story},
};

/// The whole street address, and where it is.
const STREET: &str = "Kastanienallee 7";
const LATITUDE: f64 = 52.538_71;

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Anna asks for a lesson in six days at ten");
    let booking = ask(story).await?;
    story.tell("Nobody else gets that time, or sees her booking");
    taken(story, &booking).await?;
    story.tell("Both find it in their lists; Marco sees about where, not the house");
    lists(story, &booking).await?;
    story.tell("Marco accepts, and now sees the address");
    accept(story, &booking).await?;
    story.tell("It goes into the calendar; starting it days before is refused");
    calendar(story, &booking, 0, "CONFIRMED").await?;
    too_early(story, &booking).await
}

/// What somebody sends to book a service in cash.
pub fn request(service: &Service, date: jiff::civil::Date, time: &str) -> Value {
    json!({
        "service_id": service.id,
        "scheduled_date": date.to_string(),
        "scheduled_time": time,
        "payment_method": "cash",
        "notes": "Second floor",
        "address": {
            "street_address": STREET,
            "city": "Berlin",
            "postal_code": "10435",
            "country": "DE",
            "latitude": LATITUDE,
            "longitude": 13.411_03,
        },
    })
}

/// The path of a booking.
pub fn path(booking: &Answer) -> anyhow::Result<String> {
    Ok(format!("/bookings/{}/", booking.text("id")?))
}

/// A booking that somebody makes.
pub async fn book(
    story: &Story,
    person: &Person,
    service: &Service,
    date: jiff::civil::Date,
    time: &str,
) -> anyhow::Result<Answer> {
    let made =
        story.client.post("/bookings/").by(person).json(request(service, date, time)).expect(201).await?;
    made.fits(shapes::BOOKING)?.fits(shapes::BOOKING_ALONE)?.is("status", "upcoming")?;
    Ok(made)
}

async fn ask(story: &Story) -> anyhow::Result<Answer> {
    let (client, anna, day) = (&story.client, &story.anna, date_in(6)?);
    let key = format!("journey-{}-booking", story.tag);
    let post = |body: Value| client.post("/bookings/").by(anna).header("idempotency-key", &key).json(body);
    let made = post(request(&story.lessons, day, "10:00")).expect(201).await?;
    made.fits(shapes::BOOKING)?.fits(shapes::BOOKING_ALONE)?.is_private()?;
    made.is("status", "upcoming")?.is("sub_status", "pending_acceptance")?;
    made.is("customer_id", anna.id.as_str())?.is("provider_id", story.marco.id.as_str())?;
    made.is("service_id", story.lessons.id.as_str())?
        .is("service_price", 49.90)?
        .is("total_amount", 49.90)?;
    made.is("currency", "EUR")?.is("payment_method", "cash")?.is("is_paid", false)?;
    made.is("payment_status", "unpaid")?.is("duration_minutes", 60)?.is("timezone", crate::story::ZONE)?;
    made.is("scheduled_date", day.to_string())?
        .is("scheduled_time", "10:00:00")?
        .is("notes", "Second floor")?;
    made.is("can_cancel", true)?.is("can_review", false)?.is("reschedule", Value::Null)?;
    made.is("cancelled_by", Value::Null)?.is("address.street_address", STREET)?;
    let starts = day.at(10, 0, 0, 0).to_zoned(crate::story::zone()?)?.timestamp();
    made.is("starts_at", starts.to_string())?.field_fits("respond_by", Kind::Instant)?;
    made.check(made.header("location")?.ends_with(&path(&made)?), "Location should name the booking")?;

    let again = post(request(&story.lessons, day, "10:00")).expect(201).await?;
    again.header_is("idempotency-replayed", "true")?.same_as(&made, &["id", "reference", "version"])?;
    post(request(&story.lessons, day, "14:00")).refused(422, "idempotency_key_reused").await?;
    Ok(made)
}

async fn taken(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, tom, day) = (&story.client, &story.tom, date_in(6)?);
    let slots = free(story, &story.lessons, day, day).await?;
    // A lesson takes an hour, and Marco a quarter of an hour after it: 09:00 would run into it.
    for (time, expected) in [
        ("09:00:00", false),
        ("09:30:00", false),
        ("10:00:00", false),
        ("11:00:00", false),
        ("11:30:00", true),
    ] {
        let fine = is_free(&slots, day, time)? == expected;
        slots.check(fine, format_args!("{time} should {}be free", if expected { "" } else { "not " }))?;
    }
    let refused = client.post("/bookings/").by(tom).json(request(&story.lessons, day, "10:00"));
    let refused = refused.refused(409, "slot_taken").await?;
    refused.field_fits("alternatives", Kind::Each(&Kind::Is(shapes::SLOT)))?;
    refused.check(!refused.list("alternatives")?.is_empty(), "there should be alternatives")?;
    let path = path(booking)?;
    client.get(&path).by(tom).refused(404, "not_found").await?;
    client.put(&format!("{path}cancel/")).by(tom).refused(404, "not_found").await?;
    client.get(&format!("{path}calendar.ics")).by(tom).refused(404, "not_found").await?;
    client.get(&format!("{path}cancellation/")).by(tom).refused(404, "not_found").await?;
    Ok(())
}

async fn lists(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, anna, marco) = (&story.client, &story.anna, &story.marco);
    let (id, day) = (booking.text("id")?, date_in(6)?);
    let all = client.get("/bookings/").by(anna).expect(200).await?;
    all.lists(shapes::BOOKING)?.is_private()?.has(&id)?;
    let filtered = client.get("/bookings/").by(anna).query("status", "upcoming").query("role", "customer");
    let filtered = filtered.query("sub_status", "pending_acceptance").query("sub_status", "confirmed");
    let filtered = filtered.query("from", day).query("to", day).query("service", &story.lessons.id);
    filtered.expect(200).await?.is("count", 1)?.has(&id)?;
    let search = client.get("/bookings/").by(anna).query("search", booking.text("reference")?);
    search.expect(200).await?.is("count", 1)?;
    client.get("/bookings/").by(anna).query("status", "cancelled").expect(200).await?.has_not(&id)?;
    client.get("/bookings/").by(anna).query("role", "provider").expect(200).await?.has_not(&id)?;
    client.get("/bookings/").by(marco).query("role", "provider").expect(200).await?.has(&id)?;
    client.get("/bookings/").by(&story.tom).expect(200).await?.is("count", 0)?;

    client.get("/providers/jobs/").by(anna).refused(403, "provider_required").await?;
    let requests = client.get("/providers/jobs/").by(marco).expect(200).await?;
    requests.lists(shapes::BOOKING)?.is("count", 1)?.has(&id)?;
    requests.is("results.0.address.city", "Berlin")?;
    only_about(&requests, "results.0.address")?;
    let alone = client.get(&path(booking)?).by(marco).expect(200).await?;
    only_about(&alone, "address")?;
    for (name, count) in
        [("request", 1), ("upcoming", 0), ("ongoing", 0), ("completed", 0), ("cancelled", 0), ("all", 1)]
    {
        client.get("/providers/jobs/").by(marco).query("type", name).expect(200).await?.is("count", count)?;
    }
    Ok(())
}

/// The town is there, the house is not, and the point on the map is not exactly it.
fn only_about(answer: &Answer, path: &str) -> anyhow::Result<()> {
    let address = answer.at(path)?;
    answer.check(
        !address.to_string().contains("Kastanien"),
        format_args!("{path} should not name the street yet"),
    )?;
    let exact = address.get("latitude").and_then(Value::as_f64) == Some(LATITUDE);
    answer.check(!exact, format_args!("{path} should be about 1 km exact"))?;
    Ok(())
}

async fn accept(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, path(booking)?);
    let accept = format!("/providers/jobs/{}/accept/", booking.text("id")?);
    client.put(&accept).by(&story.tom).refused(404, "not_found").await?;
    let accepted = client.put(&accept).by(marco).json(json!({})).expect(200).await?;
    accepted.fits(shapes::BOOKING)?.is("status", "upcoming")?.is("sub_status", "confirmed")?;
    accepted.is("address.street_address", STREET)?.is("address.latitude", LATITUDE)?;
    accepted.check(accepted.number("version")? > booking.number("version")?, "the version should grow")?;
    let again = client.put(&accept).by(marco).refused(409, "invalid_transition").await?;
    again.is("state", "confirmed")?.field_fits("allowed", Kind::Each(&Kind::Word))?;
    let seen = client.get(&path).by(&story.anna).expect(200).await?;
    seen.fits(shapes::BOOKING)?.fits(shapes::BOOKING_ALONE)?.is("sub_status", "confirmed")?;
    seen.check(seen.list("history")?.len() == 2, "the history should have two entries")?;
    let jobs = client.get("/providers/jobs/").by(marco).query("type", "upcoming").expect(200).await?;
    jobs.has(&booking.text("id")?)?;
    jobs.is("results.0.address.street_address", STREET)?;
    Ok(())
}

/// The calendar file of a booking says this.
pub async fn calendar(story: &Story, booking: &Answer, sequence: u32, status: &str) -> anyhow::Result<()> {
    let path = format!("{}calendar.ics", path(booking)?);
    for person in [&story.anna, &story.marco] {
        let file = story.client.get(&path).by(person).expect(200).await?;
        let content_type = file.header("content-type")?;
        file.check(
            content_type.starts_with("text/calendar"),
            format_args!("not a calendar: {content_type}"),
        )?;
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        let method = if status == "CANCELLED" { "METHOD:CANCEL" } else { "METHOD:PUBLISH" };
        for line in ["BEGIN:VCALENDAR", method, "BEGIN:VEVENT", &format!("STATUS:{status}"), "END:VCALENDAR"]
        {
            file.check(
                text.lines().any(|l| l == line),
                format_args!("the calendar should have the line {line}"),
            )?;
        }
        let found = text.lines().find_map(|line| line.strip_prefix("SEQUENCE:")?.parse::<u32>().ok());
        file.check(found == Some(sequence), format_args!("SEQUENCE should be {sequence}, but is {found:?}"))?;
        let uid = format!("UID:{}", booking.text("id")?);
        file.check(text.contains(&uid), "the UID should be made of the booking's id")?;
    }
    Ok(())
}

async fn too_early(story: &Story, booking: &Answer) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, path(booking)?);
    let start = client.put(&format!("{path}status/")).by(marco).json(json!({"status": "ongoing"}));
    start.expect(409).await?;
    let complete = client.put(&format!("{path}status/")).by(marco).json(json!({"status": "completed"}));
    complete.refused(409, "invalid_transition").await?.is("state", "confirmed")?;
    client.put(&format!("{path}no-show/")).by(marco).expect(409).await?;
    Ok(())
}
