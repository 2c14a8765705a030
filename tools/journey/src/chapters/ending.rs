//! Withdrawing what was offered, and leaving.

use serde_json::json;

use super::{
    booking::{book, path},
    schedule::date_in,
};
use crate::{
    people::Person,
    story::{BETWEEN, PATIENCE, Story, now},
};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Tom may not leave while he has a booking");
    let booking = book(story, &story.tom, &story.tuning, date_in(60)?, "10:00").await?;
    delete(story, &story.tom, &story.tom.password).refused(409, "account_has_obligations").await?;
    story.client.get("/auth/current-user/").by(&story.tom).expect(200).await?;
    story.tell("Marco withdraws the service only together with its bookings");
    withdraw(story, &path(&booking)?).await?;
    story.tell("Tom leaves, comes back within the days of grace, and leaves again");
    leave(story).await?;
    story.tell("Anna signs out everywhere");
    let everywhere =
        story.client.post("/auth/signout/").by(&story.anna).query("everywhere", true).json(json!({}));
    everywhere.expect(204).await?;
    story.client.get("/auth/current-user/").by(&story.anna).refused(401, "session_ended").await?;
    Ok(())
}

fn delete<'a>(story: &'a Story, person: &Person, password: &str) -> crate::call::Call<'a> {
    story.client.delete("/auth/current-user/").by(person).json(json!({"password": password}))
}

async fn withdraw(story: &Story, booking: &str) -> anyhow::Result<()> {
    let (client, marco, path) = (&story.client, &story.marco, &story.tuning.path);
    client.delete(path).by(marco).expect(409).await?;
    client.delete(path).by(marco).query("cancel_upcoming", true).expect(204).await?;
    let mut cancelled = client.get(booking).by(&story.tom).expect(200).await?;
    // The bookings hear of it in a job.
    for _ in 0..PATIENCE {
        if cancelled.text("status")? == "cancelled" {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
        cancelled = client.get(booking).by(&story.tom).quietly().expect(200).await?;
    }
    cancelled.is("status", "cancelled")?.is("sub_status", "cancelled_by_provider")?;
    cancelled.is("service_id", story.tuning.id.as_str())?;
    client.get(path).by(&story.tom).refused(404, "not_found").await?;
    Ok(())
}

async fn leave(story: &mut Story) -> anyhow::Result<()> {
    delete(story, &story.tom, "not this one").refused(422, "wrong_password").await?;
    let closing = delete(story, &story.tom, &story.tom.password).expect(202).await?;
    let grace = closing.instant("deletion_due_at")?.duration_since(now()).as_hours();
    closing.check((13 * 24..=14 * 24).contains(&grace), "there should be 14 days of grace")?;
    story.client.get("/auth/current-user/").by(&story.tom).refused(401, "session_ended").await?;
    let back = story.client.post("/auth/signin/").json(story.tom.sign_in("Back again")).expect(200).await?;
    story.tom.keep_tokens(&back)?;
    delete(story, &story.tom, &story.tom.password).expect(202).await?;
    Ok(())
}
