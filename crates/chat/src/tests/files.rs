//! Files of messages.

use std::io::Cursor;

use jiff::SignedDuration;
use platform::testing::{Answer, Client};
use serde_json::json;

use super::{World, messages};

pub(super) const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n";

pub(super) fn png() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::RgbImage::from_fn(640, 480, |x, y| {
        image::Rgb([x, y, 7].map(|n| u8::try_from(n % 256).unwrap()))
    });
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

pub(super) async fn upload(client: &Client, bytes: &[u8], name: &str) -> Answer {
    // The declared type is a lie, and nobody asks.
    client.upload("/media/", "file", (name, "text/html", bytes), &[("file_name", name)]).await
}

async fn send(client: &Client, conversation: &str, media: &[String]) -> Answer {
    let body =
        json!({"conversation_id": conversation, "client_message_id": "with files", "media_ids": media});
    client.post("/chat/messages/", body).await
}

fn path(url: &serde_json::Value) -> String {
    url.as_str().unwrap().split_once(":8000").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_picture_is_made_anew_and_sent() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let picture = upload(&w.ann, &png(), "../my\"cat\".png").await.expect(201);
    assert_eq!((&picture["type"], &picture["content_type"]), (&json!("image"), &json!("image/webp")));
    assert_eq!((&picture["width"], &picture["height"]), (&json!(640), &json!(480)));
    assert_eq!(picture["file_name"], "mycat.webp");
    assert!(picture["blurhash"].as_str().unwrap().len() > 10);
    let id = picture.str("id");
    let sent = send(&w.ann, &conversation, std::slice::from_ref(&id)).await.expect(201);
    assert_eq!(sent["media"][0]["id"], id);
    // A retry is the same message, though its file is taken.
    assert_eq!(send(&w.ann, &conversation, std::slice::from_ref(&id)).await.expect(200)["id"], sent["id"]);
    let seen = messages(&w.bob, &conversation, "").await.expect(200);
    let media = &seen["results"][0]["media"][0];
    assert_eq!((&media["id"], &media["width"]), (&json!(id), &json!(640)));
    assert_eq!(w.log(&w.bob).await[0].1["media"][0]["id"], json!(id));
    let file = w.t.anonymous().get(&path(&media["url"])).await.expect(200);
    assert_eq!((file.header("content-type"), &file.bytes[8..12]), ("image/webp", &b"WEBP"[..]));
    assert_eq!(
        (file.header("x-content-type-options"), file.header("content-disposition")),
        ("nosniff", "inline; filename*=UTF-8''mycat.webp")
    );
    let small = w.t.anonymous().get(&path(&media["thumbnail_url"])).await.expect(200);
    assert!(small.bytes.len() < file.bytes.len());
}

#[tokio::test]
async fn links_end_and_cannot_be_made_up() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let file = upload(&w.ann, PDF, "offer.pdf").await.expect(201);
    let (id, url) = (file.str("id"), path(&file["url"]));
    let (nobody, eve) = (w.t.anonymous(), w.t.user("Eve").await);
    // Until it is sent it is its owner's alone.
    let plain = format!("/media/{id}/");
    w.bob.get(&plain).await.refused(404, "not_found");
    w.ann.get(&plain).await.expect(200);
    send(&w.ann, &conversation, std::slice::from_ref(&id)).await.expect(201);
    let answer = nobody.get(&url).await.expect(200);
    assert_eq!(answer.header("content-disposition"), "attachment; filename*=UTF-8''offer.pdf");
    assert_eq!(answer.bytes, PDF);
    for bad in [
        url.replace("signature=", "signature=x"),
        url.replace("size=full", "size=thumbnail"),
        plain.clone(),
        url.replace("expires=1", "expires=2"),
    ] {
        nobody.get(&bad).await.refused(404, "not_found");
        eve.get(&bad).await.refused(404, "not_found");
    }
    w.bob.get(&plain).await.expect(200);
    let part = w.bob.with("Range", "bytes=0-3").get(&plain).await.expect(206);
    assert_eq!((part.bytes.as_slice(), part.header("content-range")), (&b"%PDF"[..], "bytes 0-3/17"));
    w.t.advance(SignedDuration::from_mins(9));
    nobody.get(&url).await.expect(200);
    w.t.advance(SignedDuration::from_mins(1));
    nobody.get(&url).await.refused(404, "not_found");
    w.bob.get(&plain).await.expect(200);
    let message = messages(&w.ann, &conversation, "").await["results"][0]["id"].as_str().unwrap().to_owned();
    let gone = w.ann.delete(&format!("/chat/messages/{message}/")).await.expect(200);
    assert_eq!(gone["media"], json!([]));
    w.bob.get(&plain).await.refused(404, "not_found");
}

#[tokio::test]
async fn only_what_can_be_sent_is_taken() {
    let w = World::new().await;
    for bytes in [&b"<html><script>alert(1)</script>"[..], b"MZ\x90\x00", b"just words"] {
        upload(&w.ann, bytes, "a.png").await.refused(415, "unsupported_file");
    }
    upload(&w.ann, &png()[..200], "a.png").await.refused(422, "corrupt_picture");
    upload(&w.ann, b"", "a.png").await.refused(422, "validation_failed");
    upload(&w.ann, &[PDF, &vec![0; 10 * 1024 * 1024]].concat(), "a.pdf")
        .await
        .refused(413, "payload_too_large");
    upload(&w.ann, PDF, &"x".repeat(101)).await.refused(422, "validation_failed");
    let audio = upload(&w.ann, b"OggS\x00\x02", "").await.expect(201);
    assert_eq!((&audio["type"], &audio["file_name"]), (&json!("audio"), &json!("file.ogg")));
}

#[tokio::test]
async fn a_file_is_sent_once_and_by_its_owner() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let id = upload(&w.ann, PDF, "a.pdf").await.str("id");
    send(&w.bob, &conversation, std::slice::from_ref(&id)).await.refused(422, "validation_failed");
    send(&w.ann, &conversation, &[id.clone(), id.clone()]).await.refused(422, "validation_failed");
    send(&w.ann, &conversation, std::slice::from_ref(&id)).await.expect(201);
    let body = json!({"conversation_id": conversation, "media_ids": [id]});
    w.ann.post("/chat/messages/", body).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn what_is_not_sent_within_a_day_is_removed() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let kept = upload(&w.ann, PDF, "a.pdf").await.str("id");
    let orphan = upload(&w.ann, &png(), "b.png").await.str("id");
    send(&w.ann, &conversation, std::slice::from_ref(&kept)).await.expect(201);
    let stored = w.t.storage.keys().len();
    assert_eq!(stored, 3);
    w.t.advance(SignedDuration::from_hours(25));
    w.t.run_jobs().await;
    w.ann.get(&format!("/media/{orphan}/")).await.refused(404, "not_found");
    w.ann.get(&format!("/media/{kept}/")).await.expect(200);
    assert_eq!(w.t.storage.keys().len(), 1);
}

#[tokio::test]
async fn uploads_are_limited_an_hour() {
    let w = World::with(&["--limit-uploads", "2"]).await;
    upload(&w.ann, PDF, "a.pdf").await.expect(201);
    upload(&w.ann, PDF, "a.pdf").await.expect(201);
    upload(&w.ann, PDF, "a.pdf").await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn a_link_is_made_for_one_person_and_events_carry_none() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let id = upload(&w.ann, PDF, "offer.pdf").await.expect(201).str("id");
    let sent = send(&w.ann, &conversation, std::slice::from_ref(&id)).await.expect(201);
    let of_ann = path(&sent["media"][0]["url"]);
    let seen = messages(&w.bob, &conversation, "").await.expect(200);
    let of_bob = path(&seen["results"][0]["media"][0]["url"]);
    assert!(of_ann.contains(&w.ann.id().to_string()) && of_bob.contains(&w.bob.id().to_string()));
    let nobody = w.t.anonymous();
    for url in [&of_ann, &of_bob] {
        nobody.get(url).await.expect(200);
    }
    // Made up for somebody else, it is not ours.
    let forged = of_ann.replace(&w.ann.id().to_string(), &w.bob.id().to_string());
    nobody.get(&forged).await.refused(404, "not_found");
    for client in [&w.ann, &w.bob] {
        let told = &w.log(client).await[0].1["media"][0];
        assert_eq!(told["expires_at"], serde_json::Value::Null);
        nobody.get(&path(&told["url"])).await.refused(404, "not_found");
        client.get(&path(&told["url"])).await.expect(200);
    }
}

#[tokio::test]
async fn a_link_of_staff_opens_nothing_once_they_have_left() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let id = upload(&w.ann, PDF, "offer.pdf").await.expect(201).str("id");
    send(&w.ann, &conversation, std::slice::from_ref(&id)).await.expect(201);
    let sue = w.t.staff("Sue Port", platform::auth::StaffRole::Support).await;
    let inside = format!("/chat/conversations/{conversation}/staff/");
    sue.get(&format!("/media/{id}/")).await.refused(404, "not_found");
    sue.post(&inside, json!({"reason": "Asked for help"})).await.expect(201);
    let seen = sue.get(&format!("{inside}messages/")).await.expect(200);
    let media = seen["results"].as_array().unwrap().iter().find_map(|message| message["media"].get(0));
    let url = path(&media.unwrap()["url"]);
    w.t.anonymous().get(&url).await.expect(200);
    sue.delete(&inside).await.expect(204);
    for who in [&w.t.anonymous(), &sue] {
        who.get(&url).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn what_nobody_can_see_is_no_message() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    for content in ["\u{200b}", "\u{3164}\u{2800}", " \u{feff}\n", "\u{e0041}\u{e007f}"] {
        let body = json!({"conversation_id": conversation, "content": content, "client_message_id": "x"});
        w.ann.post("/chat/messages/", body).await.refused(422, "validation_failed");
    }
    let id = upload(&w.ann, PDF, "offer.pdf").await.expect(201).str("id");
    let body = json!({"conversation_id": conversation, "content": "\u{200b}", "client_message_id": "y",
        "media_ids": [id]});
    let sent = w.ann.post("/chat/messages/", body).await.expect(201);
    assert_eq!(sent["content"], "");
    let body = json!({"conversation_id": conversation, "content": "Hello", "client_message_id": "z"});
    let hello = w.ann.post("/chat/messages/", body).await.expect(201).str("id");
    let edit = json!({"content": "\u{200d}"});
    w.ann.patch(&format!("/chat/messages/{hello}/"), edit).await.refused(422, "validation_failed");
}
