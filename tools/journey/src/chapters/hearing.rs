//! What people are told of their booking: in the conversation, in the list, on the phone, and at night.

use serde_json::{Value, json};

use super::booking::{book, path};
use crate::{
    answer::Answer,
    people::Person,
    shapes,
    story::{BETWEEN, PATIENCE, Story},
};

/// In the conversation at this path.
pub async fn tell(story: &mut Story, conversation: &str) -> anyhow::Result<()> {
    story.tell("The booking is in the conversation, too, in the words of whoever reads");
    system_messages(story, conversation).await?;
    story.tell("Anna finds it in her list, reads it, and puts something away");
    list(story).await?;
    story.tell("Her phone rings for a message, and not at night");
    phone(story, conversation).await?;
    story.tell("She wants no mails about messages, and hears of what is new around her");
    wishes(story).await
}

/// Asks again until the answer is as wanted; what follows from a change comes a moment later.
async fn until(
    story: &Story,
    person: &Person,
    path: &str,
    is_there: impl Fn(&Answer) -> bool,
) -> anyhow::Result<Answer> {
    for _ in 0..PATIENCE {
        let answer = story.client.get(path).by(person).quietly().expect(200).await?;
        if is_there(&answer) {
            return Ok(answer);
        }
        tokio::time::sleep(BETWEEN).await;
    }
    let answer = story.client.get(path).by(person).expect(200).await?;
    answer.check(is_there(&answer), "what should follow does not come")?;
    Ok(answer)
}

async fn system_messages(story: &Story, conversation: &str) -> anyhow::Result<()> {
    let day = super::schedule::date_in(9)?;
    let booking = book(story, &story.anna, &story.lessons, day, "15:00").await?;
    let id = booking.text("id")?;
    let accept = format!("/providers/jobs/{id}/accept/");
    story.client.put(&accept).by(&story.marco).expect(200).await?;
    let name = conversation.trim_start_matches("/chat/conversations/").trim_end_matches('/');
    let messages = format!("/chat/messages/?conversation_id={name}");
    let is_it = |message: &&Value, event: &str| message["booking_id"] == id && message["event"] == event;
    let find = |answer: &Answer, event: &str| -> Option<Value> {
        answer.results().ok()?.iter().find(|message| is_it(message, event)).cloned()
    };
    let by_anna = until(story, &story.anna, &messages, |answer| find(answer, "accepted").is_some());
    let by_anna = by_anna.await?;
    let said = find(&by_anna, "accepted").unwrap_or_default();
    by_anna.check(said["type"] == "system" && said["sender_id"].is_null(), "the house should say it")?;
    let english = story.client.get(&messages).by(&story.anna).query("lang", "en").expect(200).await?;
    let in_english = find(&english, "accepted").unwrap_or_default();
    english.check(in_english["content"] != said["content"], "it should be in the language of the reader")?;
    story.client.put(&format!("{}cancel/", path(&booking)?)).by(&story.anna).expect(200).await?;
    until(story, &story.marco, &messages, |answer| find(answer, "cancelled").is_some()).await?;
    Ok(())
}

async fn list(story: &Story) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let has = |answer: &Answer| answer.results().is_ok_and(|list| list.len() >= 2);
    let list = until(story, anna, "/notifications/?type=booking", has).await?;
    list.lists(shapes::NOTIFICATION)?.is_private()?.is("results.0.type", "booking")?;
    let unread = client.get("/notifications/count/").by(anna).expect(200).await?.number("unread")?;
    list.check(unread >= 2, "both should be counted as unread")?;
    let seen = client.put("/notifications/seen/").by(anna).expect(200).await?;
    seen.is("unread", unread)?.is("unseen", 0)?;
    let one = format!("/notifications/{}/", list.text("results.0.id")?);
    client.put(&format!("{one}read/")).by(&story.tom).refused(404, "not_found").await?;
    client.put(&format!("{one}read/")).by(anna).expect(200).await?.is("is_read", true)?;
    client.get("/notifications/count/").by(anna).expect(200).await?.is("unread", unread - 1)?;
    client.put("/notifications/").by(anna).json(json!({"all": true, "is_read": true})).expect(200).await?;
    client.get("/notifications/count/").by(anna).expect(200).await?.is("unread", 0)?;
    client.delete(&one).by(anna).expect(204).await?;
    client.delete(&one).by(anna).refused(404, "not_found").await?;
    Ok(())
}

async fn phone(story: &Story, conversation: &str) -> anyhow::Result<()> {
    let (client, anna, marco) = (&story.client, &story.anna, &story.marco);
    let token = format!("phone-of-{}", story.tag);
    let body = json!({"token": token, "platform": "android", "device_name": "Anna's phone"});
    let device = client.post("/notifications/devices/").by(anna).json(body).expect(201).await?;
    client.get("/notifications/devices/").by(anna).expect(200).await?;
    let name = conversation.trim_start_matches("/chat/conversations/").trim_end_matches('/');
    let write = |content: &str| {
        let body = json!({"conversation_id": name, "content": content});
        client.post("/chat/messages/").by(marco).json(body).expect(201)
    };
    write("See you then!").await?;
    let push = story.push(&token, 0).await?;
    anyhow::ensure!(
        push.text.contains("See you then!"),
        "the push should say what was written: {}",
        push.text
    );
    client.put(&format!("{conversation}read/")).by(anna).json(json!({"up_to_seq": 99})).expect(200).await?;
    // What she has read leaves the screens.
    let taken_back = story.push(&token, push.id).await?;
    anyhow::ensure!(
        taken_back.text.contains("notification.read"),
        "what was read should be taken back: {}",
        taken_back.text
    );
    // All day long it is night.
    let nights: Vec<_> =
        (1..=7).map(|day| json!({"weekday": day, "start": "00:00:00", "end": "00:00:00"})).collect();
    let quiet = json!({"quiet_hours": {"timezone": crate::story::ZONE, "weekly": nights}});
    client.put("/notifications/preferences/").by(anna).json(quiet).expect(200).await?;
    write("Bring the notes, please.").await?;
    let is_told = |answer: &Answer| {
        let newest = answer.results().ok().and_then(|list| list.first().cloned()).unwrap_or_default();
        newest["message"].as_str().is_some_and(|said| said.contains("notes"))
    };
    until(story, anna, "/notifications/?type=message&unread=true", is_told).await?;
    tokio::time::sleep(BETWEEN * 10).await;
    let silent = story.newest("push", &token).await? == taken_back.id;
    anyhow::ensure!(silent, "a phone should not ring in quiet hours");
    let none = json!({"quiet_hours": {"timezone": crate::story::ZONE, "weekly": []}});
    let awake = client.put("/notifications/preferences/").by(anna).json(none);
    awake.expect(200).await?.is("quiet_hours", Value::Null)?;
    client.delete(&format!("/notifications/devices/{}/", device.text("id")?)).by(anna).expect(204).await?;
    Ok(())
}

async fn wishes(story: &Story) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let path = "/notifications/preferences/";
    let change = json!({"preferences": {"message": {"email": true}, "review": {"push": false}}});
    let changed = client.put(path).by(anna).json(change).expect(200).await?;
    changed.is("preferences.message.email", true)?.is("preferences.review.push", false)?;
    changed.is("preferences.booking.email", true)?;
    client.get(path).by(anna).expect(200).await?.same_as(&changed, &["preferences"])?;
    let nowhere = json!({"quiet_hours": {"timezone": "Mars/Olympus", "weekly": []}});
    client.put(path).by(anna).json(nowhere).expect(422).await?;
    let area =
        json!({"name": "Home", "latitude": 52.5387, "longitude": 13.4110, "radius_km": 5, "consent": true});
    let area = client.post("/notifications/areas/").by(anna).json(area).expect(201).await?;
    client.get("/notifications/areas/").by(anna).expect(200).await?;
    client.delete(&format!("/notifications/areas/{}/", area.text("id")?)).by(anna).expect(204).await?;
    let many =
        json!({"segment": "all", "title": {"en": "Hello"}, "message": {"en": "Hello"}, "channels": ["push"]});
    client.post("/notifications/send/").by(anna).json(many).expect(403).await?;
    Ok(())
}
