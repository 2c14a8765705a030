//! The journey, chapter by chapter. A new capability adds a file and a line here.

mod absence;
mod account;
mod booking;
mod cancelling;
mod credits;
mod devices;
mod disputing;
mod earning;
mod ending;
mod failing;
mod finding;
mod hearing;
mod helping;
mod instant;
mod moving;
mod offering;
mod operations;
mod password;
mod paying;
mod pictures;
mod refusals;
mod rescheduling;
mod schedule;
mod talking;

use crate::story::Story;

/// All of it. The order matters: each chapter stands on what the ones before have left.
pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    story.set_clock().await?;
    operations::tell(story).await?;
    account::tell(story).await?;
    devices::tell(story).await?;
    offering::tell(story).await?;
    pictures::tell(story).await?;
    schedule::tell(story).await?;
    finding::tell(story).await?;
    let conversation = talking::tell(story).await?;
    booking::tell(story).await?;
    hearing::tell(story, &conversation).await?;
    helping::tell(story, &conversation).await?;
    rescheduling::tell(story).await?;
    cancelling::tell(story).await?;
    instant::tell(story).await?;
    let tuned = paying::tell(story).await?;
    credits::tell(story).await?;
    earning::tell(story, &tuned).await?;
    refusals::tell(story).await?;
    password::tell(story).await?;
    absence::tell(story).await?;
    disputing::tell(story).await?;
    moving::tell(story).await?;
    failing::tell(story).await?;
    ending::tell(story).await?;
    story.confess().await
}
