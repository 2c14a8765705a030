//! Somebody of support comes into a conversation, where both see it, and goes.

use serde_json::json;

use crate::{answer::Answer, shapes, story::Story};

/// In the conversation at this path; only where a member of staff can be signed in.
pub async fn tell(story: &mut Story, conversation: &str) -> anyhow::Result<()> {
    story.tell("Anna asks for help: support joins the conversation, and both see it");
    let client = &story.client;
    let (door, desk) = (format!("{conversation}staff/"), format!("{conversation}staff/messages/"));
    let reason = json!({"reason": "Anna asked for help with her invoice."});
    client.post(&door).by(&story.marco).json(reason.clone()).refused(403, "forbidden").await?;
    client.get(&desk).by(&story.tom).refused(403, "forbidden").await?;
    let Some(support) = story.sign_staff_in().await? else { return Ok(()) };
    client.get(&desk).token(&support).refused(404, "not_found").await?;
    client.post(&door).token(&support).json(reason.clone()).expect(201).await?;
    client.post(&door).token(&support).json(reason).expect(200).await?;
    let read = client.get(&desk).token(&support).expect(200).await?;
    read.lists(shapes::MESSAGE)?.is("results.0.event", "staff_joined")?;

    let name = conversation.trim_start_matches("/chat/conversations/").trim_end_matches('/');
    let help = json!({"content": "Hello, I have sent it again.", "client_message_id": story.tag});
    let said = client.post(&desk).token(&support).json(help.clone()).expect(201).await?;
    said.fits(shapes::MESSAGE)?.is("is_staff", true)?;
    client.post(&desk).token(&support).json(help).expect(200).await?.same_as(&said, &["id", "seq"])?;
    for person in [&story.anna, &story.marco] {
        let heard =
            client.get("/chat/messages/").by(person).query("conversation_id", name).expect(200).await?;
        newest_two(&heard)?;
    }
    client.delete(&door).token(&support).expect(204).await?;
    client.delete(&door).token(&support).refused(404, "not_found").await?;
    Ok(())
}

fn newest_two(heard: &Answer) -> anyhow::Result<()> {
    heard.is("results.0.is_staff", true)?.is("results.0.content", "Hello, I have sent it again.")?;
    heard.is("results.1.event", "staff_joined")?.is("results.1.type", "system")?;
    Ok(())
}
