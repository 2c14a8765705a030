//! Several devices: sessions, refreshing, signing out.

use serde_json::{Value, json};

use crate::{answer::Answer, shapes, story::Story};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Anna signs in on a second device");
    let tablet = sign_in(story, "Anna's tablet").await?;
    sessions(story, &tablet).await?;
    story.tell("Her first device refreshes its token, and loses the answer once");
    refresh(story).await?;
    story.tell("She ends the tablet's session from her first device");
    end_session(story, &tablet).await?;
    story.tell("She signs out on a third, and its tokens are dead");
    sign_out(story).await?;
    story.tell("Wrong passwords are refused alike, whoever is meant");
    wrong_passwords(story).await
}

async fn sign_in(story: &Story, device: &str) -> anyhow::Result<Answer> {
    let answer = story.client.post("/auth/signin/").json(story.anna.sign_in(device)).expect(200).await?;
    answer.fits(shapes::TOKENS)?.is_private()?.is("user.id", story.anna.id.as_str())?;
    answer.instant("user.last_login_at")?;
    Ok(answer)
}

fn named<'a>(sessions: &'a [Value], device: &str) -> Option<&'a Value> {
    sessions.iter().find(|session| session.get("device_name").and_then(Value::as_str) == Some(device))
}

async fn sessions(story: &Story, tablet: &Answer) -> anyhow::Result<()> {
    let by_tablet = story.client.get("/auth/sessions/").token(&tablet.text("access")?).expect(200).await?;
    by_tablet.lists(shapes::SESSION)?.is("count", 2)?;
    let sessions = by_tablet.results()?;
    let current: Vec<_> =
        sessions.iter().filter(|session| session.get("is_current") == Some(&json!(true))).collect();
    let is_tablet = current.len() == 1 && named(sessions, "Anna's tablet") == current.first().copied();
    by_tablet.check(is_tablet, "the tablet, and only it, should be the current session")?;
    Ok(())
}

async fn refresh(story: &mut Story) -> anyhow::Result<()> {
    let client = &story.client;
    let old = story.anna.clone();
    let refresh = |token: &str| client.post("/auth/token/refresh/").json(json!({"refresh": token}));
    let first = refresh(&old.refresh).expect(200).await?;
    first.fits(shapes::REFRESHED)?.is_private()?;
    first.check(first.text("refresh")? != old.refresh, "a refresh should rotate the token")?;
    let again = refresh(&old.refresh).expect(200).await?;
    again.fits(shapes::REFRESHED)?.is("refresh", first.text("refresh")?)?;
    story.anna.keep_tokens(&first)?;
    client.get("/auth/current-user/").by(&story.anna).expect(200).await?;
    refresh("not-a-token-of-this-server").refused(401, "token_invalid").await?;
    Ok(())
}

async fn end_session(story: &Story, tablet: &Answer) -> anyhow::Result<()> {
    let (client, anna) = (&story.client, &story.anna);
    let list = client.get("/auth/sessions/").by(anna).expect(200).await?;
    let session = named(list.results()?, "Anna's tablet").and_then(|session| session.get("id")?.as_str());
    let path =
        format!("/auth/sessions/{}/", session.ok_or_else(|| list.wrong("the tablet should be in the list"))?);
    client.delete(&path).by(&story.tom).refused(404, "not_found").await?;
    client.delete(&path).by(anna).expect(204).await?;
    client.get("/auth/current-user/").token(&tablet.text("access")?).refused(401, "session_ended").await?;
    let dead = json!({"refresh": tablet.text("refresh")?});
    client.post("/auth/token/refresh/").json(dead).expect(401).await?;
    client.get("/auth/current-user/").by(anna).expect(200).await?;
    client.delete(&path).by(anna).refused(404, "not_found").await?;
    Ok(())
}

async fn sign_out(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    let phone = sign_in(story, "Anna's old phone").await?;
    let access = phone.text("access")?;
    let body = json!({"refresh": phone.text("refresh")?});
    client.post("/auth/signout/").token(&access).json(body.clone()).expect(204).await?;
    client.get("/auth/current-user/").token(&access).refused(401, "session_ended").await?;
    client.post("/auth/token/refresh/").json(body).expect(401).await?;
    Ok(())
}

async fn wrong_passwords(story: &Story) -> anyhow::Result<()> {
    let client = &story.client;
    let try_as =
        |email: &str| client.post("/auth/signin/").json(json!({"email": email, "password": "not this one"}));
    let known = try_as(&story.tom.email).refused(401, "invalid_credentials").await?;
    let unknown = try_as(&format!("ghost.{}", story.tom.email)).refused(401, "invalid_credentials").await?;
    known.same_as(&unknown, &["type", "title", "detail", "message", "errors"])?;
    Ok(())
}
