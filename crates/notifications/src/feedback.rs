//! What mailboxes and phones answer: who cannot be reached, and who does not want to be.

use jiff::SignedDuration;
use platform::{
    app::App,
    ids::UserId,
    jobs,
    ports::feedback::Feedback::{self, MailBounced, MailComplained, SmsStarted, SmsStopped},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{jobs::TellOfMailbox, store};

/// An address that led nowhere is left alone for so long.
const REST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Keeps what services report.
pub(crate) async fn hear(app: &App, all: Vec<Feedback>) -> anyhow::Result<()> {
    let now = app.clock.now();
    let (mut bounced, mut unwanted, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for one in all {
        match one {
            // No text of the database has it, and no mailbox or number.
            MailBounced(who) | MailComplained(who) | SmsStopped(who) | SmsStarted(who)
                if who.contains('\0') => {}
            MailBounced(address) => bounced.push(address),
            MailComplained(address) => unwanted.push(address),
            SmsStopped(number) => numbers.push((number, true)),
            SmsStarted(number) => numbers.push((number, false)),
        }
    }
    let mut tx = app.db.begin().await?;
    bounce(&mut tx, &bounced, now).await?;
    if !unwanted.is_empty() {
        store::mail_stops::refuse(&mut tx, &unwanted, now).await?;
    }
    for (number, is_stopped) in numbers {
        store::preferences::stop_sms(&mut tx, &number, is_stopped, now).await?;
    }
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(())
}

/// These addresses lead nowhere; whose they are hears of it in the app, once.
pub(crate) async fn bounce(
    db: &mut PgConnection,
    addresses: &[String],
    now: Instant,
) -> anyhow::Result<Vec<UserId>> {
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let owners = store::mail_stops::bounce(db, addresses, now.plus(REST), now).await?;
    for &user_id in &owners {
        jobs::enqueue(db, &TellOfMailbox { user_id, since: now }, now).await?;
    }
    Ok(owners)
}
