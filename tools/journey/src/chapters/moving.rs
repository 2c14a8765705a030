//! Moving an appointment does not make cancelling it cheaper.

use serde_json::json;

use super::{absence::paid, booking::path, paying::until_back};
use crate::{
    shapes,
    story::{Story, now},
};

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.tell(
        "Three hours before, half would be kept; Anna moves it by weeks, and half is kept all the same",
    );
    // A start every five minutes.
    let paid = paid(story, 36).await?;
    let (client, anna, path) = (&story.client, &story.anna, path(&paid.booking)?);
    let preview = || client.get(&format!("{path}cancellation/")).by(anna).expect(200);
    let before = preview().await?;
    before.is("refund_percent", 50)?;
    let day = now().to_zoned(crate::story::zone()?).date().checked_add(jiff::ToSpan::days(30))?;
    let to = json!({"scheduled_date": day.to_string(), "scheduled_time": "10:00"});
    let moved = client.put(&format!("{path}reschedule/")).by(anna).json(to).expect(200).await?;
    moved.fits(shapes::BOOKING)?.is("scheduled_date", day.to_string())?;
    let after = preview().await?;
    after.same_as(&before, &["refund_amount"])?;
    let cancelled = client.put(&format!("{path}cancel/")).by(anna).json(json!({})).expect(200).await?;
    cancelled.same_as(&before, &["refund_amount"])?;
    until_back(story, &paid.payment, before.money("refund_amount")?).await?;
    Ok(())
}
