//! Writing to each other before anything is booked, on a socket that breaks.

use image::ImageFormat;
use serde_json::{Value, json};

use crate::{answer::Answer, picture, shapes, socket::Socket, story::Story};

/// Gives the path of the conversation of Anna and Marco.
pub async fn tell(story: &mut Story) -> anyhow::Result<String> {
    story.tell("Anna has a question before she books: she begins a conversation with Marco");
    let conversation = begin(story).await?;
    let id = conversation.text("id")?;
    let path = format!("/chat/conversations/{id}/");
    story.tell("Marco's app listens; she writes, once, however often her phone sends it");
    let mut marco = story.listen(&story.marco, None).await?;
    let mut anna = story.listen(&story.anna, None).await?;
    write(story, &id, &mut marco).await?;
    story.tell("He types, answers, and reads; she sees each of it");
    answer(story, &id, &mut marco, &mut anna).await?;
    story.tell("His connection breaks. She goes on writing; when he is back he has missed nothing");
    break_and_resume(story, &id, marco, &mut anna).await?;
    story.tell("She corrects herself, he likes it, and one message is taken back");
    change(story, &id, &mut anna).await?;
    story.tell("She sends a picture that nobody else can open");
    send_picture(story, &id).await?;
    story.tell("He wants nothing from her for a while, and reports her by mistake");
    block(story, &id, &path).await?;
    Ok(path)
}

fn message(conversation: &str, name: &str, content: &str) -> Value {
    json!({"conversation_id": conversation, "client_message_id": name, "content": content})
}

async fn begin(story: &Story) -> anyhow::Result<Answer> {
    let client = &story.client;
    let begin = || client.post("/chat/conversations/").json(json!({"provider_id": story.marco.id}));
    let begun = begin().by(&story.anna).expect(201).await?;
    begun.fits(shapes::CONVERSATION)?.is_private()?.is("provider_id", story.marco.id.as_str())?;
    begun.is("customer_id", story.anna.id.as_str())?.is("unread_count", 0)?.is("booking_id", Value::Null)?;
    let again = begin().by(&story.anna).expect(200).await?;
    again.same_as(&begun, &["id", "created_at"])?;
    begin().by(&story.marco).expect(422).await?;
    let path = format!("/chat/conversations/{}/", begun.text("id")?);
    client.get(&path).by(&story.tom).refused(404, "not_found").await?;
    client.get(&path).by(&story.marco).expect(200).await?.same_as(&begun, &["id", "customer_name"])?;
    let list = client.get("/chat/conversations/").by(&story.marco).expect(200).await?;
    list.lists(shapes::CONVERSATION)?.has(&begun.text("id")?)?;
    Ok(begun)
}

async fn write(story: &Story, id: &str, marco: &mut Socket) -> anyhow::Result<()> {
    let client = &story.client;
    let send = || client.post("/chat/messages/").json(message(id, "first", "Do you also teach children?"));
    let sent = send().by(&story.anna).expect(201).await?;
    sent.fits(shapes::MESSAGE)?.is("seq", 1)?.is("sender_id", story.anna.id.as_str())?;
    sent.is("client_message_id", "first")?;
    send().by(&story.anna).expect(200).await?.same_as(&sent, &["id", "seq", "content"])?;
    send().by(&story.tom).refused(404, "not_found").await?;
    let heard = marco.hear("message.created").await?;
    sent.is("id", heard["data"]["id"].clone())?.is("content", heard["data"]["content"].clone())?;
    client.post("/chat/messages/").by(&story.anna).json(message(id, "empty", " ")).invalid("content").await?;
    Ok(())
}

async fn answer(story: &Story, id: &str, marco: &mut Socket, anna: &mut Socket) -> anyhow::Result<()> {
    marco.say(json!({"type": "typing", "conversation_id": id})).await?;
    anna.hear("typing").await?;
    let mut frame = message(id, "second", "From seven years on.");
    frame["type"] = json!("message.send");
    marco.say(frame).await?;
    marco.hear("ack").await?;
    anna.hear("message.created").await?;
    marco.say(json!({"type": "message.read", "conversation_id": id, "up_to_seq": 1})).await?;
    // His other devices hear of it, too.
    marco.hear("message.read").await?;
    let read = anna.hear("message.read").await?;
    let seen = story.client.get("/chat/messages/").by(&story.anna).query("conversation_id", id).expect(200);
    let seen = seen.await?;
    seen.lists(shapes::MESSAGE)?.is("results.1.status", "read")?.is("results.1.is_read", true)?;
    seen.is("results.0.content", "From seven years on.")?;
    seen.check(read["data"]["up_to_seq"] == 1, "the event should say up to where")?;
    Ok(())
}

async fn break_and_resume(story: &Story, id: &str, marco: Socket, anna: &mut Socket) -> anyhow::Result<()> {
    let client = &story.client;
    let after = marco.last_event_id;
    drop(marco);
    let texts = ["She is eight.", "And has a piano at home."];
    for text in texts {
        client.post("/chat/messages/").by(&story.anna).json(message(id, text, text)).expect(201).await?;
    }
    let mut marco = story.listen(&story.marco, Some(after)).await?;
    let mut heard = Vec::new();
    while heard.len() < texts.len() {
        heard.push(marco.hear("message.created").await?["data"]["content"].clone());
    }
    anyhow::ensure!(heard == texts, "he should hear {texts:?} in order, but hears {heard:?}");
    let stream = client.get("/events/").by(&story.marco).query("after", after).query("wait", 0);
    let stream = stream.header("accept", "application/json").expect(200).await?;
    stream.is("events.0.id", after + 1)?;
    marco.say(json!({"type": "message.send", "conversation_id": story.tag, "content": "?"})).await?;
    marco.hear("error").await?;
    for _ in texts {
        anna.hear("message.created").await?;
    }
    Ok(())
}

async fn change(story: &Story, id: &str, anna: &mut Socket) -> anyhow::Result<()> {
    let client = &story.client;
    let sent =
        client.post("/chat/messages/").by(&story.anna).json(message(id, "typo", "Does Thrusday work?"));
    let path = format!("/chat/messages/{}/", sent.expect(201).await?.text("id")?);
    let words = json!({"content": "Does Thursday work?"});
    client.patch(&path).by(&story.marco).json(words.clone()).refused(404, "not_found").await?;
    let changed = client.patch(&path).by(&story.anna).json(words).expect(200).await?;
    changed.fits(shapes::MESSAGE)?.is("content", "Does Thursday work?")?.instant("edited_at")?;
    anna.hear("message.updated").await?;
    let like = json!({"key": "👍"});
    client.post(&format!("{path}reactions/")).by(&story.marco).json(like).expect(200).await?;
    anna.hear("message.updated").await?;
    client.delete(&format!("{path}reactions/")).by(&story.marco).query("key", "👍").expect(200).await?;
    client.delete(&path).by(&story.anna).expect(200).await?.is("content", "")?.instant("deleted_at")?;
    anna.hear("message.deleted").await?;
    Ok(())
}

async fn send_picture(story: &Story, id: &str) -> anyhow::Result<()> {
    let client = &story.client;
    let bytes = picture::drawn(800, 600, ImageFormat::Png)?;
    let form = picture::form("file", "piano.png", "image/png", bytes, &[])?;
    let media = client.post("/media/").by(&story.anna).form(form).expect(201).await?;
    media.fits(shapes::MEDIA)?.is("width", 800)?;
    let text = picture::form("file", "piano.png", "image/png", b"no picture at all".to_vec(), &[])?;
    client.post("/media/").by(&story.anna).form(text).expect(415).await?;
    let mut body = message(id, "picture", "");
    body["media_ids"] = json!([media.text("id")?]);
    let sent = client.post("/chat/messages/").by(&story.anna).json(body).expect(201).await?;
    let path = format!("/media/{}/", sent.text("media.0.id")?);
    client.get(&path).by(&story.marco).expect(200).await?;
    client.get(&path).by(&story.tom).refused(404, "not_found").await?;
    client.get(&sent.text("media.0.url")?).expect(200).await?;
    Ok(())
}

async fn block(story: &Story, id: &str, path: &str) -> anyhow::Result<()> {
    let client = &story.client;
    let (block, write) = (format!("{path}block/"), |name| message(id, name, "Hello?"));
    client.post(&block).by(&story.marco).expect(200).await?.is("is_blocked", true)?;
    client
        .post("/chat/messages/")
        .by(&story.anna)
        .json(write("blocked"))
        .refused(403, "chat_blocked")
        .await?;
    client.delete(&block).by(&story.marco).expect(200).await?.is("is_blocked", false)?;
    client.post("/chat/messages/").by(&story.anna).json(write("again")).expect(201).await?;
    let report = json!({"reason": "spam", "details": "I was mistaken"});
    client.post(&format!("{path}report/")).by(&story.marco).json(report).expect(201).await?;
    let settings = json!({"is_pinned": true});
    client.put(&format!("{path}settings/")).by(&story.marco).json(settings).expect(200).await?;
    let shown = json!({"shows_read_receipts": true, "shows_presence": false});
    client.put("/chat/settings/").by(&story.marco).json(shown.clone()).expect(200).await?;
    client.get("/chat/settings/").by(&story.marco).expect(200).await?.is("shows_presence", false)?;
    let read =
        client.put(&format!("{path}read/")).by(&story.marco).json(json!({"up_to_seq": 99})).expect(200);
    read.await?.is("unread_count", 0)?;
    Ok(())
}
