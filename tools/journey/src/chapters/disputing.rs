//! Work that was not good: Anna disputes it, and finance divides the money.

use serde_json::json;

use super::{
    absence::{Paid, paid},
    booking::path,
    paying::until_back,
};
use crate::{shapes, story::Story};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell("Marco does another job; Anna is not content, and says so within two days");
    let paid = paid(story, 2).await?;
    complete(story, &paid).await?;
    dispute(story, &paid).await?;
    story.tell("Finance decides: ten euros go back");
    split(story, &paid).await
}

async fn complete(story: &Story, paid: &Paid) -> anyhow::Result<()> {
    for status in ["ongoing", "completed"] {
        let set = story.client.put(&format!("{}status/", path(&paid.booking)?)).by(&story.marco);
        set.json(json!({"status": status})).expect(200).await?;
    }
    // The earning is posted by a job.
    let booking = paid.booking.text("id")?;
    super::paying::until(story, "/providers/earnings/", &story.marco, |seen| {
        seen.is("transactions.0.booking_id", booking.as_str()).is_ok()
    })
    .await?;
    Ok(())
}

async fn dispute(story: &Story, paid: &Paid) -> anyhow::Result<()> {
    let path = format!("{}dispute/", path(&paid.booking)?);
    let reason = json!({"reason": "Two strings are still out of tune."});
    let (client, anna) = (&story.client, &story.anna);
    client.put(&path).by(&story.marco).json(reason.clone()).refused(409, "invalid_transition").await?;
    client.put(&path).by(&story.tom).json(reason.clone()).refused(404, "not_found").await?;
    let disputed = client.put(&path).by(anna).json(reason.clone()).expect(200).await?;
    disputed.fits(shapes::BOOKING)?.is("status", "completed")?.is("sub_status", "disputed")?;
    client.put(&path).by(anna).json(reason).refused(409, "invalid_transition").await?;
    Ok(())
}

async fn split(story: &Story, paid: &Paid) -> anyhow::Result<()> {
    let Some(finance) = story.sign_staff_in().await? else { return Ok(()) };
    let path = format!("/admin/bookings/{}/resolve/", paid.booking.text("id")?);
    let decision = |amount: &str| {
        let body = json!({"outcome": "split", "refund_amount": amount, "reason": "Half of it was good."});
        story.client.post(&path).token(&finance).json(body)
    };
    decision("20.06").refused(409, "refund_too_large").await?;
    decision("10.00").expect(200).await?.is("sub_status", "completed")?.is("refund_amount", 10.0)?;
    until_back(story, &paid.payment, 1000).await?;
    Ok(())
}
