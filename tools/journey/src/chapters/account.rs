//! Signing up, proving a mail address and a number, the profile.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use image::ImageFormat;
use serde_json::{Value, json};

use crate::{answer::Answer, client::Client, people::Person, picture, shape::Kind, shapes, story::Story};

const PROFILE: &str = "/auth/current-user/";

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Anna, Marco and Tom sign up");
    for person in [&mut story.anna, &mut story.marco, &mut story.tom] {
        sign_up(&story.client, person).await?;
    }
    keys(story).await?;
    story.tell("Nobody gets an address twice, or a password that everybody uses");
    refused_sign_ups(story).await?;
    story.tell("Anna and Marco prove that the mail addresses are theirs");
    verify_mail(story, &story.anna).await?;
    verify_mail(story, &story.marco).await?;
    story.tell("Tom opens the link in the mail instead");
    verify_by_link(story).await?;
    story.tell("Anna proves that the number is hers");
    verify_phone(story).await?;
    story.tell("Anna puts her profile in order");
    profile(story).await
}

async fn sign_up(client: &Client, person: &mut Person) -> anyhow::Result<()> {
    let answer = client.post("/auth/signup/").json(person.sign_up()).expect(201).await?;
    answer.fits(shapes::TOKENS)?.is_private()?;
    answer.is("user.email", person.email.as_str())?.is("user.name", person.name.as_str())?;
    answer.is("user.first_name", person.first_name)?.is("user.phone_number", person.phone.as_str())?;
    answer.is("user.language", person.language)?.is("user.is_email_verified", false)?;
    answer.is("user.is_phone_verified", false)?.is("user.is_provider", false)?;
    let life = answer.number("expires_in")?;
    answer.check((1..=900).contains(&life), "an access token should live at most 15 minutes")?;
    person.keep_tokens(&answer)?;
    person.id = answer.text("user.id")?;

    let me = client.get(PROFILE).by(person).expect(200).await?;
    me.fits(shapes::USER)?.is_private()?.is("id", person.id.as_str())?;
    me.header_is("content-language", person.language)?;
    me.header("ratelimit-limit")?;
    Ok(())
}

/// The key that signed Anna's token is published.
async fn keys(story: &Story) -> anyhow::Result<()> {
    let keys = story.client.get("/.well-known/jwks.json").expect(200).await?;
    keys.field_fits(
        "keys",
        Kind::Each(&Kind::Is(&[("kty", Kind::Word), ("kid", Kind::Word), ("alg", Kind::Word)])),
    )?;
    let head = story.anna.access.split('.').next().unwrap_or_default();
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head)?)?;
    let id = head.get("kid").filter(|id| id.is_string());
    let published = keys.list("keys")?.iter().any(|key| key.get("kid") == id);
    keys.check(published, format_args!("the key of the token should be there: {head}"))?;
    Ok(())
}

async fn refused_sign_ups(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    let mut again = story.anna.sign_up();
    if let Some(body) = again.as_object_mut() {
        body.insert("email".to_owned(), story.anna.email.to_uppercase().into());
    }
    let taken = client.post("/auth/signup/").json(again.clone()).refused(409, "email_taken").await?;
    taken.field_fits("errors.email", Kind::Each(&Kind::Word))?;
    for (field, value) in [
        ("password", "password123"),
        ("password", "short"),
        ("password", story.anna.email.as_str()),
        ("email", "nobody"),
        ("phone_number", "12"),
        ("language", "xx"),
    ] {
        let mut body = story.tom.sign_up();
        if let Some(body) = body.as_object_mut() {
            body.insert("email".to_owned(), format!("new.{}", story.anna.email).into());
            body.insert(field.to_owned(), value.replace("anna", "new.anna").into());
        }
        client.post("/auth/signup/").json(body).invalid(field).await?;
    }
    social(story).await
}

/// A forged token opens nothing, whether or not the server knows the service.
async fn social(story: &Story) -> anyhow::Result<()> {
    for service in ["google", "apple", "facebook"] {
        let call =
            story.client.post(&format!("/auth/social/{service}/")).json(json!({"id_token": "e30.e30.e30"}));
        let (status, answer) = call.refused_somehow().await?;
        let code = answer.text("code")?;
        let fine = matches!(
            (status, code.as_str()),
            (401, "social_token_invalid") | (422, "social_provider_unavailable")
        );
        answer
            .check(fine, "a forged token should be 401 social_token_invalid, or the service unavailable")?;
    }
    Ok(())
}

async fn verify_mail(story: &Story, person: &Person) -> anyhow::Result<()> {
    let client = &story.client;
    // Sign-up may have sent a mail already; the code of the newest one counts.
    let before = story.newest("mail", &person.email).await?;
    client.post("/auth/send-email-verification/").by(person).expect(202).await?;
    let mail = story.mail(&person.email, before).await?;
    mail.link("/")?;
    let code = mail.code()?;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let verify = |token: &str| client.post("/auth/verify-email/").by(person).json(json!({"token": token}));
    verify(wrong).refused(422, "code_incorrect").await?;
    let user = verify(&code).expect(200).await?;
    user.fits(shapes::USER)?.is("is_email_verified", true)?;
    verify(&code).refused(410, "code_expired").await?;
    Ok(())
}

async fn verify_by_link(story: &Story) -> anyhow::Result<()> {
    let (client, tom) = (&story.client, &story.tom);
    let before = story.newest("mail", &tom.email).await?;
    client.post("/auth/send-email-verification/").by(tom).expect(202).await?;
    let link = story.mail(&tom.email, before).await?.link("verify-email")?;
    // Programs that look through mail open links; only the button of the page verifies.
    client.get(&link).page(200).await?;
    client.get(PROFILE).by(tom).expect(200).await?.is("is_email_verified", false)?;
    let (_, token) = link.split_once("token=").context("the link has no token")?;
    let form = format!("token={}", token.split('&').next().unwrap_or_default());
    let button = client.post("/auth/verify-email/link/").raw("application/x-www-form-urlencoded", form);
    button.page(200).await?;
    client.get(PROFILE).by(tom).expect(200).await?.is("is_email_verified", true)?;
    client.get("/auth/verify-email/link/").query("token", "none-of-ours").page(410).await?;
    client.post("/auth/send-email-verification/").by(tom).refused(409, "email_already_verified").await?;
    Ok(())
}

async fn verify_phone(story: &Story) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    client.post("/auth/send-phone-verification/").by(anna).json(json!({})).expect(202).await?;
    let code = story.sms(&anna.phone, 0).await?.code()?;
    let verify = client.post("/auth/verify-phone/").by(anna).json(json!({"token": code}));
    verify.expect(200).await?.fits(shapes::USER)?.is("is_phone_verified", true)?;
    Ok(())
}

async fn profile(story: &Story) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let tag = client.get(PROFILE).by(anna).expect(200).await?.header("etag")?;
    let change = json!({"name": "Anna Maria Weber", "language": "en", "is_provider": true, "unknown": 1});
    let patch = |tag: &str| client.patch(PROFILE).by(anna).header("if-match", tag).json(change.clone());
    let changed = patch(&tag).expect(200).await?;
    changed.fits(shapes::USER)?.is("name", "Anna Maria Weber")?.is("language", "en")?;
    changed.is("is_provider", false)?.is("is_email_verified", true)?.is("email", anna.email.as_str())?;
    let new_tag = changed.header("etag")?;
    changed.check(new_tag != tag, "the ETag should change with the profile")?;
    patch(&tag).refused(412, "stale_version").await?;
    put(story, &changed).await?;

    let bytes = picture::drawn(320, 240, ImageFormat::Jpeg)?;
    let form = picture::form("profile_image", "me.jpg", "image/jpeg", bytes, &[])?;
    let with_picture = client.patch(PROFILE).by(anna).form(form).expect(200).await?;
    let link = with_picture.fits(shapes::USER)?.text("profile_image_url")?;
    is_picture(client, &link).await
}

async fn put(story: &Story, changed: &Answer) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let whole = json!({"email": anna.email, "name": anna.name, "phone_number": anna.phone, "language": "de"});
    let put = client.put(PROFILE).by(anna).header("if-match", changed.header("etag")?).json(whole);
    let answer = put.expect(200).await?;
    answer.fits(shapes::USER)?.is("name", anna.name.as_str())?.is("language", "de")?;
    // The same number and address stay proved.
    answer.is("is_phone_verified", true)?.is("is_email_verified", true)?;
    Ok(())
}

/// Behind a link there is a picture.
pub async fn is_picture(client: &Client, link: &str) -> anyhow::Result<()> {
    let answer = client.get(link).expect(200).await?;
    let content_type = answer.header("content-type")?;
    answer.check(
        content_type.starts_with("image/"),
        format_args!("should be a picture, but is {content_type}"),
    )?;
    answer.check(!answer.bytes.is_empty(), "the picture should not be empty")?;
    Ok(())
}
