//! A changed password, and a forgotten one.

use serde_json::json;

use crate::{people::Person, shapes, story::Story};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Tom changes his password; his other device is signed out");
    change(story).await?;
    story.tell("Anna has forgotten hers");
    let token = forgotten(story, &story.anna).await?;
    story.tell("She sets a new one with the mail's token, and all her devices are signed out");
    reset(story, &token).await?;
    story.tell("Marco does the same with the page behind the mail's link");
    let token = forgotten(story, &story.marco).await?;
    reset_by_page(story, &token).await
}

async fn sign_in(story: &Story, person: &Person) -> anyhow::Result<Person> {
    let answer = story.client.post("/auth/signin/").json(person.sign_in("Another one")).expect(200).await?;
    answer.fits(shapes::TOKENS)?;
    let mut person = person.clone();
    person.keep_tokens(&answer)?;
    Ok(person)
}

async fn change(story: &mut Story) -> anyhow::Result<()> {
    let client = &story.client;
    let other = sign_in(story, &story.tom).await?;
    let new = format!("harbour-{}-lighthouse", story.tag);
    let change = |old: &str, new: &str| {
        client
            .post("/auth/password-change/")
            .by(&story.tom)
            .json(json!({"old_password": old, "new_password": new}))
    };
    change("not this one", &new).refused(422, "wrong_password").await?;
    change(&story.tom.password, "password123").invalid("new_password").await?;
    let changed = change(&story.tom.password, &new).expect(204).await?;
    changed.is_private()?;
    client.get("/auth/current-user/").by(&story.tom).expect(200).await?;
    client.get("/auth/current-user/").by(&other).refused(401, "session_ended").await?;
    client.post("/auth/signin/").json(story.tom.sign_in("x")).refused(401, "invalid_credentials").await?;
    story.tom.password = new;
    sign_in(story, &story.tom).await?;
    Ok(())
}

async fn forgotten(story: &Story, person: &Person) -> anyhow::Result<String> {
    let client = &story.client;
    let before = story.newest("mail", &person.email).await?;
    let ask = |email: &str| client.post("/auth/reset-password/").json(json!({"email": email}));
    let known = ask(&person.email).expect(202).await?;
    let unknown = ask(&format!("ghost.{}", person.email)).expect(202).await?;
    unknown.check(known.body == unknown.body, "both answers should be the same")?;
    story.mail(&person.email, before).await?.token()
}

async fn reset(story: &mut Story, token: &str) -> anyhow::Result<()> {
    let client = &story.client;
    let new = format!("meadow-{}-telescope", story.tag);
    let confirm = |token: &str, password: &str| {
        client.post("/auth/reset-password/confirm/").json(json!({"token": token, "new_password": password}))
    };
    confirm(token, "password123").invalid("new_password").await?;
    confirm("not-a-token-at-all", &new).refused(410, "link_expired").await?;
    confirm(token, &new).expect(204).await?;
    confirm(token, &new).refused(410, "link_expired").await?;
    client.get("/auth/current-user/").by(&story.anna).refused(401, "session_ended").await?;
    client.post("/auth/signin/").json(story.anna.sign_in("x")).refused(401, "invalid_credentials").await?;
    story.anna.password = new;
    story.anna = sign_in(story, &story.anna).await?;
    Ok(())
}

async fn reset_by_page(story: &mut Story, token: &str) -> anyhow::Result<()> {
    let client = &story.client;
    let new = format!("bridge-{}-violin", story.tag);
    let link = || client.get("/auth/reset-password/link/").query("token", token);
    let form = link().page(200).await?;
    form.check(String::from_utf8_lossy(&form.bytes).contains("<form"), "the page should have a form")?;
    let send = |password: &str| {
        let body = format!("token={token}&new_password={password}");
        client.post("/auth/reset-password/link/").raw("application/x-www-form-urlencoded", body)
    };
    send("short").page(422).await?;
    send(&new).page(200).await?;
    send(&new).page(410).await?;
    link().page(410).await?;
    client.get("/auth/current-user/").by(&story.marco).refused(401, "session_ended").await?;
    story.marco.password = new;
    story.marco = sign_in(story, &story.marco).await?;
    Ok(())
}
