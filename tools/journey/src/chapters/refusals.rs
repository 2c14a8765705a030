//! What is wrong is refused, in the contract's body, and changes nothing.

use anyhow::Context as _;
use jiff::{Timestamp, ToSpan as _, civil::DateTime};
use serde_json::{Value, json};

use super::{booking::request, schedule::date_in};
use crate::{
    shapes,
    story::{Story, now, zone},
};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Bookings that cannot be");
    bookings(story).await?;
    story.tell("A time that the clocks skip");
    skipped_time(story).await?;
    story.tell("Nobody, and somebody else");
    strangers(story).await?;
    story.tell("What cannot be read");
    unreadable(story).await?;
    story.tell("Lists that do not exist");
    lists(story).await?;
    story.tell("Paths, methods, languages");
    paths(story).await?;
    languages(story).await
}

async fn bookings(story: &Story) -> anyhow::Result<()> {
    let (client, anna, day) = (&story.client, &story.anna, date_in(20)?);
    let with = |name: &str, value: Value| {
        let mut body = request(&story.tuning, day, "10:00");
        if let Some(body) = body.as_object_mut() {
            body.insert(name.to_owned(), value);
        }
        client.post("/bookings/").by(anna).json(body)
    };
    with("payment_type", json!("credits")).refused(422, "payment_method_unavailable").await?;
    with("payment_method", json!("shells")).invalid("payment_method").await?;
    with("scheduled_time", json!("25:00")).invalid("scheduled_time").await?;
    with("scheduled_date", json!("2026-02-30")).invalid("scheduled_date").await?;
    with("service_id", json!(7)).invalid("service_id").await?;
    with("notes", json!("n\u{0}")).invalid("notes").await?;
    with("scheduled_date", json!(date_in(-1)?.to_string())).expect(422).await?;
    with("scheduled_date", json!(date_in(500)?.to_string())).expect(422).await?;
    with("scheduled_time", json!("10:01")).expect(422).await?;
    let unknown = with("service_id", json!("019a0000-0000-7000-8000-000000000000")).expect(404).await;
    unknown.context("an unknown service")?;
    let own = request(&story.tuning, day, "10:00");
    client.post("/bookings/").by(&story.marco).json(own).refused(422, "own_service").await?;
    Ok(())
}

/// The next local time in the provider's zone that does not exist, half an hour into the gap.
fn next_gap(now: Timestamp) -> anyhow::Result<DateTime> {
    let zone = zone()?;
    let mut offset = zone.to_offset(now);
    for change in zone.following(now).take(4) {
        if change.offset() > offset {
            return Ok(offset.to_datetime(change.timestamp()).checked_add(30.minutes())?);
        }
        offset = change.offset();
    }
    anyhow::bail!("the clocks of the zone never go forward")
}

async fn skipped_time(story: &Story) -> anyhow::Result<()> {
    let gap = next_gap(now())?;
    let body = request(&story.tuning, gap.date(), &gap.time().to_string());
    let book = story.client.post("/bookings/").by(&story.anna).json(body);
    book.refused(422, "nonexistent_local_time").await?;
    let slots = story
        .client
        .get(&format!("{}slots/", story.tuning.path))
        .query("from", gap.date())
        .query("to", gap.date());
    let slots = slots.expect(200).await?;
    let skipped = slots.results()?.iter().any(|slot| {
        slot.get("local_time").and_then(Value::as_str).is_some_and(|time| time.starts_with("02:"))
    });
    slots.check(!skipped, "a time that does not exist should not be offered")?;
    Ok(())
}

async fn strangers(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    for path in [
        "/auth/current-user/",
        "/auth/sessions/",
        "/bookings/",
        "/favourites/",
        "/providers/jobs/",
        "/providers/profile/",
    ] {
        client.get(path).refused(401, "unauthenticated").await?;
    }
    client.post("/bookings/").json(json!({})).refused(401, "unauthenticated").await?;
    client.get("/bookings/").token("nonsense").refused(401, "token_invalid").await?;
    let mut parts = story.anna.access.split('.');
    let (head, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let forged = format!("{head}.{claims}.{}", "A".repeat(86));
    client.get("/bookings/").token(&forged).refused(401, "token_invalid").await?;
    // A token that says it needs no signature.
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    client.get("/bookings/").token(&unsigned).refused(401, "token_invalid").await?;
    Ok(())
}

async fn unreadable(story: &Story) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let post = || client.post("/bookings/").by(anna);
    post().raw("application/json", "{\"service_id\":").refused(400, "malformed_request").await?;
    post().raw("application/json", "").refused(400, "malformed_request").await?;
    post().raw("text/plain", "{}").refused(415, "unsupported_media_type").await?;
    post().raw("application/json", "[]").expect(422).await?;
    post().json(json!({})).invalid("service_id").await?;
    let long = "x".repeat(300 * 1024);
    post().json(json!({"notes": long})).refused(413, "payload_too_large").await?;
    post().header("idempotency-key", "k".repeat(256)).json(json!({})).expect(422).await?;
    Ok(())
}

async fn lists(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    for (name, value) in [
        ("ordering", "beauty"),
        ("min_price", "cheap"),
        ("page_size", "0"),
        ("page_size", "101"),
        ("available_on", "tomorrow"),
        ("lat", "north"),
    ] {
        client.get("/services/").query(name, value).invalid(name).await?;
    }
    client.get("/services/").query("cursor", "nonsense").refused(400, "cursor_invalid").await?;
    client.get("/bookings/").by(&story.anna).query("status", "lost").invalid("status.0").await?;
    client.get("/providers/jobs/").by(&story.marco).query("type", "lost").invalid("type").await?;
    Ok(())
}

async fn paths(story: &Story) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    client.get("/no/such/path/").refused(404, "not_found").await?;
    for path in ["/services/not-an-id/", "/bookings/7/", "/providers/not-an-id/"] {
        client.get(path).by(anna).refused(404, "not_found").await?;
    }
    let wrong = client.delete("/services/").by(anna).refused(405, "method_not_allowed").await?;
    wrong.header("allow")?;
    for (with, without) in [
        ("/services/categories/", "/services/categories"),
        (&story.lessons.path, story.lessons.path.trim_end_matches('/')),
    ] {
        let one = client.get(with).expect(200).await?;
        let other = client.get(without).expect(200).await?;
        other.check(one.body == other.body, "both forms of a path should give the same answer")?;
    }
    let traced = client.get("/services/categories/").header("x-request-id", "journey-1").expect(200).await?;
    traced.header_is("x-request-id", "journey-1")?;
    Ok(())
}

async fn languages(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    let mut messages = Vec::new();
    for language in ["en", "de", "it"] {
        let refused = client.get("/no/such/path/").query("lang", language).refused(404, "not_found").await?;
        refused.header_is("content-language", language)?;
        messages.push(refused.text("message")?);
        let accepted =
            client.get("/no/such/path/").header("accept-language", format!("{language}-XX, fr;q=0.5"));
        let accepted = accepted.refused(404, "not_found").await?;
        accepted.header_is("content-language", language)?.is("message", refused.text("message")?)?;
    }
    messages.sort();
    messages.dedup();
    anyhow::ensure!(messages.len() == 3, "the message should be another one in each language: {messages:?}");
    // Anna's own language goes before the browser's, and the address before both.
    let bad =
        || client.get("/bookings/").by(&story.anna).query("page_size", 0).header("accept-language", "it");
    bad().invalid("page_size").await?.header_is("content-language", "de")?;
    bad().query("lang", "it").invalid("page_size").await?.header_is("content-language", "it")?;
    let categories = client.get("/services/categories/").query("lang", "it").expect(200).await?;
    categories.lists(shapes::CATEGORY)?.header_is("content-language", "it")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_go_forward_in_march() {
        for (now, gap) in [
            ("2026-11-22T12:00:00Z", "2027-03-28T02:30:00"),
            ("2026-03-29T00:59:59Z", "2026-03-29T02:30:00"),
            ("2026-03-29T01:00:00Z", "2027-03-28T02:30:00"),
        ] {
            assert_eq!(next_gap(now.parse().unwrap()).unwrap().to_string(), gap);
        }
    }
}
