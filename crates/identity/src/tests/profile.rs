//! Reading and editing oneself.

use axum::{body::Body, http::Method};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const PATH: &str = "/auth/current-user/";

async fn form(client: &Client, method: Method, picture: Option<&[u8]>, texts: &[(&str, &str)]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in texts {
        body.extend(
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    if let Some(picture) = picture {
        body.extend(b"--x\r\ncontent-disposition: form-data; name=\"profile_image\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n");
        body.extend(picture);
        body.extend(b"\r\n");
    }
    body.extend(b"--x--\r\n");
    client.send(method, PATH, Some("multipart/form-data; boundary=x"), Body::from(body)).await
}

#[tokio::test]
async fn the_profile_is_shown_with_its_version() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let me = ada.client.get(PATH).await.expect(200);
    insta::assert_snapshot!(me.masked());
    assert_eq!(
        (me.header("etag").split_once('-').unwrap().0, me.header("cache-control")),
        ("\"2", "no-store")
    );
    for tags in [me.header("etag").to_owned(), format!("\"x\", W/{}", me.header("etag")), "*".to_owned()] {
        let same = ada.client.with("if-none-match", &tags).get(PATH).await.expect(304);
        assert!(same.bytes.is_empty());
    }
}

#[tokio::test]
async fn the_tag_of_one_person_is_not_that_of_another() {
    let w = World::start().await;
    let (ada, bob) = (w.verified("Ada").await, w.verified("Bob").await);
    let hers = ada.client.get(PATH).await.expect(200);
    let his = bob.client.get(PATH).await.expect(200);
    assert_eq!(hers["version"], his["version"]);
    assert_ne!(hers.header("etag"), his.header("etag"));
    let seen = bob.client.with("if-none-match", hers.header("etag")).get(PATH).await.expect(200);
    assert_eq!(seen["id"], his["id"]);
    // The tag as it came is good for an edit; one that cannot be read is good for none.
    let edit = json!({"name": "Ada King"});
    ada.client.with("if-match", "\u{ff}").patch(PATH, edit.clone()).await.refused(412, "stale_version");
    ada.client.with("if-match", hers.header("etag")).patch(PATH, edit.clone()).await.expect(200);
    ada.client
        .with("if-match", hers.header("etag"))
        .patch(PATH, edit.clone())
        .await
        .refused(412, "stale_version");
    ada.client.with("if-match", "\"9\", \"3\"").patch(PATH, edit.clone()).await.expect(200);
    ada.client.with("if-match", "*").patch(PATH, edit).await.expect(200);
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let body = json!({"language": "it", "timezone": "Europe/Rome", "currency": "CHF", "id": "x", "is_provider": true, "is_email_verified": false});
    let me = ada.client.patch(PATH, body).await.expect(200);
    assert_eq!(
        (&me["language"], &me["timezone"], &me["currency"]),
        (&json!("it"), &json!("Europe/Rome"), &json!("CHF"))
    );
    assert_eq!(
        (&me["is_provider"], &me["is_email_verified"], &me["name"]),
        (&json!(false), &json!(true), &json!("Ada Lovelace"))
    );
    assert_eq!((&me["version"], me.header("etag").split_once('-').unwrap().0), (&json!(3), "\"3"));
    // Sessions remember the language, and hear of the change.
    let refused = ada.client.patch(PATH, json!({"currency": "EURO"})).await.refused(422, "validation_failed");
    assert_eq!(
        (refused.header("content-language"), &refused["errors"]["currency"][0]),
        ("it", &json!("Questa valuta non è nota."))
    );
}

#[tokio::test]
async fn an_edit_of_an_old_version_is_refused() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    ada.client.with("if-match", "\"2\"").patch(PATH, json!({"name": "Ada King"})).await.expect(200);
    ada.client
        .with("if-match", "\"2\"")
        .patch(PATH, json!({"name": "Ada Byron"}))
        .await
        .refused(412, "stale_version");
    ada.client
        .with("if-match", "\"3\"")
        .put(PATH, json!({"email": ada.email, "name": "Ada Byron"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn names_may_be_given_whole_or_in_two() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let names = |me: Answer| (me.str("name"), me.str("first_name"), me.str("last_name"));
    let expect = |name: &str, first: &str, last: &str| (name.to_owned(), first.to_owned(), last.to_owned());
    for (body, expected) in [
        (json!({"first_name": "Augusta"}), expect("Augusta Lovelace", "Augusta", "Lovelace")),
        (
            json!({"first_name": "Ursula", "last_name": "von der Leyen"}),
            expect("Ursula von der Leyen", "Ursula", "von der Leyen"),
        ),
        (json!({"timezone": "UTC"}), expect("Ursula von der Leyen", "Ursula", "von der Leyen")),
        (json!({"name": "Maria Anna Rossi"}), expect("Maria Anna Rossi", "Maria Anna", "Rossi")),
        (json!({"name": "Plato"}), expect("Plato", "Plato", "")),
        (json!({"last_name": "of Athens"}), expect("Plato of Athens", "Plato", "of Athens")),
    ] {
        assert_eq!(names(ada.client.patch(PATH, body.clone()).await.expect(200)), expected, "{body}");
    }
    let empty = ada
        .client
        .patch(PATH, json!({"first_name": "", "last_name": " "}))
        .await
        .refused(422, "validation_failed");
    assert!(empty["errors"]["first_name"].is_array());
}

#[tokio::test]
async fn a_put_replaces_and_needs_address_and_name() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    ada.client.patch(PATH, json!({"phone_number": "+4915123456789", "language": "de"})).await.expect(200);
    ada.client.put(PATH, json!({"name": "Ada"})).await.refused(422, "validation_failed");
    let nameless = ada.client.put(PATH, json!({"email": ada.email})).await.refused(422, "validation_failed");
    assert_eq!(nameless["errors"], json!({"name": ["Diese Angabe fehlt."]}));
    let me = ada
        .client
        .put(PATH, json!({"email": ada.email, "first_name": "Ada", "last_name": "King"}))
        .await
        .expect(200);
    assert_eq!(
        (&me["name"], &me["phone_number"], &me["language"]),
        (&json!("Ada King"), &json!(null), &json!("de"))
    );
    // What was read may be sent back.
    let again = ada.client.put(PATH, me.body.clone()).await.expect(200);
    assert_eq!(again["name"], "Ada King");
}

#[tokio::test]
async fn a_new_address_waits_for_its_code_and_the_old_one_hears_of_it() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let same = ada.client.patch(PATH, json!({"email": "ADA@example.com"})).await.expect(200);
    assert_eq!((&same["email"], &same["is_email_verified"]), (&json!("ADA@example.com"), &json!(true)));
    assert_eq!(w.mails().await, []);
    let me = ada.client.patch(PATH, json!({"email": "king@example.com"})).await.expect(200);
    let shown = ["email", "pending_email", "is_email_verified"].map(|name| me[name].clone());
    assert_eq!(shown, [json!("ADA@example.com"), json!("king@example.com"), json!(true)]);
    let mails = w.mails().await;
    let to: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.subject.as_str())).collect();
    assert_eq!(
        to,
        [
            ("ADA@example.com", "Your email address is to be changed"),
            ("king@example.com", "Confirm your email address")
        ]
    );
    assert!(mails[0].text.contains("k***@example.com"));
    // Until the code is given the old one counts.
    w.sign_in("king@example.com", PASSWORD).await.refused(401, "invalid_credentials");
    w.sign_in("ada@example.com", PASSWORD).await.expect(200);
    let me =
        ada.client.post("/auth/verify-email/", json!({"token": code_in(&mails[1].text)})).await.expect(200);
    let shown = ["email", "pending_email", "is_email_verified"].map(|name| me[name].clone());
    assert_eq!(shown, [json!("king@example.com"), json!(null), json!(true)]);
    w.sign_in("king@example.com", PASSWORD).await.expect(200);
    w.sign_in("ada@example.com", PASSWORD).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn the_address_of_another_account_is_taken() {
    let w = World::start().await;
    let (ada, eve) = (w.verified("Ada").await, w.verified("Eve").await);
    let taken = eve.client.patch(PATH, json!({"email": "Ada@Example.com"})).await.refused(409, "email_taken");
    assert!(taken["errors"]["email"].is_array());
    assert_eq!(eve.client.get(PATH).await["email"], "eve@example.com");
    drop(ada);
}

#[tokio::test]
async fn a_changed_number_is_unverified() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    ada.client
        .post("/auth/send-phone-verification/", json!({"phone_number": "+4915123456789"}))
        .await
        .expect(202);
    w.t.run_jobs().await;
    let code = code_in(&w.t.sms.take()[0].text);
    ada.client.post("/auth/verify-phone/", json!({"token": code})).await.expect(200);
    let same = ada.client.patch(PATH, json!({"phone_number": "+49 151 23456789"})).await.expect(200);
    assert_eq!(same["is_phone_verified"], true);
    let other = ada.client.patch(PATH, json!({"phone_number": "+4915123456780"})).await.expect(200);
    assert_eq!(other["is_phone_verified"], false);
    let none = ada.client.patch(PATH, json!({"phone_number": null})).await.expect(200);
    assert_eq!((&none["phone_number"], &none["is_phone_verified"]), (&json!(null), &json!(false)));
}

#[rstest]
#[case("email", json!("nonsense"))]
#[case("email", json!(null))]
#[case("name", json!(""))]
#[case("name", json!("x".repeat(151)))]
#[case("name", json!("a\u{1b}b"))]
#[case("first_name", json!("x".repeat(76)))]
#[case("phone_number", json!("123"))]
#[case("language", json!("fr"))]
#[case("timezone", json!("Europe/Atlantis"))]
#[case("timezone", json!("europe/berlin"))]
#[case("currency", json!("eur"))]
#[case("currency", json!("XYZ"))]
#[case("remove_profile_image", json!("yes"))]
#[tokio::test]
async fn a_bad_value_is_named_and_changes_nothing(#[case] field: &str, #[case] value: Value) {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let answer = ada.client.patch(PATH, json!({field: value})).await.refused(422, "validation_failed");
    assert!(answer["errors"][field].is_array(), "{}", answer.text());
    assert_eq!(ada.client.get(PATH).await["version"], 2);
}

#[rstest]
#[case(Method::PATCH)]
#[case(Method::PUT)]
#[tokio::test]
async fn a_picture_comes_as_a_form_and_is_made_anew(#[case] method: Method) {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let me = form(&ada.client, method, Some(&png(900, 600)), &[("name", "Ada King"), ("language", "it")])
        .await
        .expect(200);
    assert_eq!(
        (&me["name"], &me["language"], &me["email"]),
        (&json!("Ada King"), &json!("it"), &json!(ada.email))
    );
    let keys = w.t.storage.keys();
    assert_eq!((keys.len(), me.str("profile_image_url")), (1, format!("http://files.test/{}", keys[0])));
    let stored = w.t.app.storage.get(&keys[0]).await.unwrap().unwrap();
    let picture = image::load_from_memory_with_format(&stored, image::ImageFormat::WebP).unwrap();
    assert_eq!((picture.width(), picture.height()), (512, 341));
    // The removal of a picture that nobody saw was taken back.
    w.t.advance(jiff::SignedDuration::from_hours(2));
    w.t.run_jobs().await;
    assert_eq!(w.t.storage.keys(), keys);
}

#[tokio::test]
async fn an_old_picture_is_removed_when_another_comes_or_none() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    form(&ada.client, Method::PATCH, Some(&png(20, 20)), &[]).await.expect(200);
    let first = w.t.storage.keys();
    form(&ada.client, Method::PATCH, Some(&png(30, 30)), &[]).await.expect(200);
    w.t.run_jobs().await;
    let second = w.t.storage.keys();
    assert!(second.len() == 1 && second != first);
    let gone = ada.client.patch(PATH, json!({"remove_profile_image": true})).await.expect(200);
    assert_eq!(gone["profile_image_url"], json!(null));
    w.t.run_jobs().await;
    assert_eq!(w.t.storage.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_picture_of_a_refused_edit_does_not_stay() {
    let w = World::start().await;
    let (ada, _eve) = (w.verified("Ada").await, w.verified("Eve").await);
    form(&ada.client, Method::PATCH, Some(&png(20, 20)), &[("email", "eve@example.com")])
        .await
        .refused(409, "email_taken");
    assert_eq!(w.t.storage.keys().len(), 1);
    w.t.advance(jiff::SignedDuration::from_hours(1));
    w.t.run_jobs().await;
    assert_eq!(w.t.storage.keys().len(), 0);
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    form(&ada.client, Method::PATCH, Some(b"GIF89a.........."), &[])
        .await
        .refused(415, "unsupported_picture");
    let half = png(50, 50)[..200].to_vec();
    form(&ada.client, Method::PATCH, Some(&half), &[]).await.refused(422, "corrupt_picture");
    let huge = vec![0; 11 * 1024 * 1024];
    form(&ada.client, Method::PATCH, Some(&huge), &[]).await.refused(413, "payload_too_large");
    form(&ada.client, Method::PATCH, None, &[("timezone", "nowhere")])
        .await
        .refused(422, "validation_failed");
    let json = format!("{{\"name\":\"{}\"}}", "x".repeat(300_000));
    ada.client
        .send(Method::PATCH, PATH, Some("application/json"), Body::from(json))
        .await
        .refused(413, "payload_too_large");
    ada.client
        .send(Method::PATCH, PATH, Some("text/plain"), Body::from("{}"))
        .await
        .refused(415, "unsupported_media_type");
    assert_eq!(w.t.storage.keys(), Vec::<String>::new());
}
