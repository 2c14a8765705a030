//! Handing a message to the outside: outside of any transaction, and tried again when it fails.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use platform::{
    app::App,
    ids::{DeliveryId, DeviceId, NotificationId},
    ports::{
        mailer::MailError,
        push::{Push, PushError},
        sms::SmsError,
    },
};
use uuid::Uuid;

use crate::{
    announce::{deliver_at, fall_back},
    feedback,
    model::{Channel, DeliveryState, Entity, MailStop, Priority, route},
    render::{self, Said},
    store::{
        self,
        deliveries::{Finished, Work},
        devices::Device,
    },
    unsubscribe, wording,
};

/// Longer than any service takes; whoever died while sending is followed by another after this.
const CLAIM: SignedDuration = SignedDuration::from_mins(2);
/// A device that was not seen for so long is dead.
pub(crate) const DEVICE_LIFE: SignedDuration = SignedDuration::from_hours(270 * 24);
/// SMS cost money, and more than this a day help nobody.
const MOST_SMS_A_DAY: i64 = 5;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The version of what a push says to the app.
pub(crate) const PUSH_VERSION: &str = "1";

/// What became of a try.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Sent(String),
    Suppressed(&'static str),
    /// It will never work.
    Refused(String),
    /// It may work another time, where a service says so not before this long.
    Failed(String, Option<SignedDuration>),
}

/// Sends one that is due; nothing where it is sent, is being sent, or has no use any more.
pub(crate) async fn deliver(app: &App, id: DeliveryId) -> anyhow::Result<()> {
    let now = app.clock.now();
    let claimed = store::deliveries::claim(&app.db, id, now, now.plus(CLAIM), now.minus(DAY)).await?;
    let Some(work) = claimed else {
        // Whoever is at it may die; then another try finds it.
        let is_being_sent = store::deliveries::is_being_sent(&app.db, id, now).await?;
        anyhow::ensure!(!is_being_sent, "the delivery is being sent");
        return Ok(());
    };
    let mut reached = work.reached.clone();
    let outcome = match obstacle(&work) {
        Some(why) => Outcome::Suppressed(why),
        None => match work.channel {
            Channel::Push => push(app, &work, &mut reached).await?,
            Channel::Email => mail(app, &work).await?,
            Channel::Sms => sms(app, &work).await?,
            // The list of the app needs no delivery.
            Channel::InApp => Outcome::Suppressed("in_app"),
        },
    };
    finish(app, &work, outcome, &reached).await
}

/// Why it need not be sent.
fn obstacle(work: &Work) -> Option<&'static str> {
    let is_read = work.is_read && work.channel != Channel::Email;
    match work.channel {
        _ if !work.is_active => Some("account_closed"),
        _ if is_read => Some("read"),
        Channel::Email if !work.is_email_verified => Some("address_not_verified"),
        Channel::Email if work.mail_stop == Some(MailStop::Bounced) => Some("no_mailbox"),
        Channel::Email if work.mail_stop.is_some() && !is_critical(work) => Some("unwanted"),
        Channel::Sms if work.phone_number.is_none() => Some("no_number"),
        Channel::Sms if work.sms_sent >= MOST_SMS_A_DAY => Some("too_many_sms"),
        _ => None,
    }
}

fn is_critical(work: &Work) -> bool {
    work.template.nature().priority == Priority::Critical
}

async fn finish(app: &App, work: &Work, outcome: Outcome, reached: &[DeviceId]) -> anyhow::Result<()> {
    let now = app.clock.now();
    let (state, reply, again) = match outcome {
        Outcome::Sent(reply) => (DeliveryState::Sent, reply, None),
        Outcome::Suppressed(why) => (DeliveryState::Suppressed, why.to_owned(), None),
        Outcome::Refused(reply) => (DeliveryState::Dead, reply, None),
        Outcome::Failed(reply, wait) => match pause(work.channel, work.attempts, work.id) {
            Some(pause) => {
                (DeliveryState::Failed, reply, Some(now.plus(pause.max(wait.unwrap_or_default()))))
            }
            None => (DeliveryState::Dead, reply, None),
        },
    };
    let channel: &'static str = work.channel.into();
    metrics::counter!("notification_deliveries_total", "channel" => channel, "state" => <&str>::from(state))
        .increment(1);
    let reply: String = reply.chars().take(500).collect();
    let claimed_until = work.claimed_until.unwrap_or(now);
    let finished = Finished { state, reply: &reply, reached, due_at: again.unwrap_or(now), claimed_until };
    let Some(at) = again else {
        let mut db = app.db.acquire().await?;
        store::deliveries::finish(&mut db, work.id, &finished, now).await?;
        return Ok(());
    };
    let mut tx = app.db.begin().await?;
    if store::deliveries::finish(&mut tx, work.id, &finished, now).await? {
        deliver_at(&mut tx, work.id, at, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// How often it is tried by the pauses below: a mail is worth reading after two days, and what rings after an hour.
const fn max_attempts(channel: Channel) -> i16 {
    match channel {
        Channel::Email => 56,
        Channel::Push | Channel::Sms | Channel::InApp => 9,
    }
}

/// After a failed try: 15, 30, 60 … seconds, at most an hour, and up to a quarter more, so that what failed together does
/// not come back together. `None` after the last try.
fn pause(channel: Channel, attempts: i16, id: DeliveryId) -> Option<SignedDuration> {
    let attempts = u32::try_from(attempts).ok().filter(|_| (1..max_attempts(channel)).contains(&attempts))?;
    let millis = (15_000 * 2_i64.pow(attempts.min(9) - 1)).min(3_600_000);
    let spread = i64::try_from(id.uuid().as_u128() % 1000).unwrap_or_default() * millis / 4000;
    Some(SignedDuration::from_millis(millis + spread))
}

/// To every device that does not have it yet.
async fn push(app: &App, work: &Work, reached: &mut Vec<DeviceId>) -> anyhow::Result<Outcome> {
    let since = app.clock.now().minus(DEVICE_LIFE);
    let devices = store::devices::of_user(&app.db, work.user_id, since).await?;
    if devices.is_empty() {
        return Ok(Outcome::Suppressed("no_device"));
    }
    let said = if work.gathers > 1 {
        render::gathered(work.gathers, work.language)
    } else {
        said(app, work).await?
    };
    let (mut replies, mut wait, mut refused, mut failed) = (Vec::new(), None, Vec::new(), Vec::new());
    for device in devices.into_iter().filter(|device| !work.reached.contains(&device.id)) {
        let id = device.id;
        match app.push.send(push_to(work, &said, device)).await {
            Ok(reply) => {
                reached.push(id);
                replies.push(reply);
            }
            Err(PushError::DeviceGone) => {
                store::devices::delete(&app.db, work.user_id, id).await?;
            }
            Err(PushError::Later(after)) => {
                wait = wait.max(SignedDuration::try_from(after).ok());
                failed.push("asked to wait".to_owned());
            }
            Err(PushError::Refused(why)) => refused.push(why),
            Err(PushError::Other(error)) => failed.push(format!("{error:#}")),
        }
    }
    Ok(if !failed.is_empty() {
        Outcome::Failed(failed.join("; "), wait)
    } else if !reached.is_empty() {
        Outcome::Sent(replies.join("; "))
    } else if refused.is_empty() {
        Outcome::Suppressed("no_device")
    } else {
        Outcome::Refused(refused.join("; "))
    })
}

/// What the message says, in the words of this moment.
async fn said(app: &App, work: &Work) -> anyhow::Result<Said> {
    let wordings = wording::in_force(app).await;
    let wordings = wordings.map_err(|error| anyhow::anyhow!("the words are not known: {error:?}"))?;
    let count = usize::try_from(work.count).unwrap_or(1);
    Ok(render::words(&wordings, work.template, &work.args, count, work.language))
}

fn push_to(work: &Work, said: &Said, device: Device) -> Push {
    let nature = work.template.nature();
    let entity: &'static str = nature.entity.into();
    let mut data = BTreeMap::from([
        ("v", PUSH_VERSION.to_owned()),
        ("type", work.template.name().to_owned()),
        ("entity", entity.to_owned()),
        ("id", subject(work.entity_id, work.notification_id)),
        ("notification_id", work.notification_id.to_string()),
        ("route", route(nature.entity, work.entity_id)),
    ]);
    data.extend(work.seq.map(|seq| ("seq", seq.to_string())));
    Push {
        token: device.token,
        platform: device.platform,
        title: said.title.clone(),
        body: said.body.clone(),
        data: data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        collapse_key: Some(collapse_key(nature.entity, work.entity_id, work.notification_id)),
        badge: u32::try_from(work.unread).ok(),
    }
}

/// What a push is about: of what is about nothing that has a page, there are many.
pub(crate) fn subject(entity: Option<Uuid>, notification: NotificationId) -> String {
    entity.unwrap_or_else(|| notification.uuid()).to_string()
}

/// Its place on the screen.
pub(crate) fn collapse_key(kind: Entity, entity: Option<Uuid>, notification: NotificationId) -> String {
    format!("{}:{}", <&str>::from(kind), subject(entity, notification))
}

async fn mail(app: &App, work: &Work) -> anyhow::Result<Outcome> {
    let nature = work.template.nature();
    let said = said(app, work).await?;
    let unsubscribe = (nature.priority == Priority::Normal)
        .then(|| unsubscribe::link(app, work.user_id, nature.category, work.language));
    let route = match work.template {
        crate::model::Template::PaymentReceived => {
            format!("{}receipt/", route(nature.entity, work.entity_id))
        }
        _ => route(nature.entity, work.entity_id),
    };
    let mail = render::mail(app, &said, work.email.clone(), work.language, &route, unsubscribe)?;
    Ok(match app.mailer.send(mail).await {
        Ok(()) => Outcome::Sent("accepted".to_owned()),
        Err(MailError::NoMailbox) => {
            let mut tx = app.db.begin().await?;
            feedback::bounce(&mut tx, std::slice::from_ref(&work.email), app.clock.now()).await?;
            tx.commit().await?;
            Outcome::Suppressed("no_mailbox")
        }
        Err(MailError::Other(error)) => Outcome::Failed(format!("{error:#}"), None),
    })
}

async fn sms(app: &App, work: &Work) -> anyhow::Result<Outcome> {
    let Some(number) = work.phone_number.clone() else { return Ok(Outcome::Suppressed("no_number")) };
    let said = said(app, work).await?;
    Ok(match app.sms.send(render::sms(&said, number.clone())).await {
        Ok(()) => Outcome::Sent("accepted".to_owned()),
        Err(SmsError::OptedOut) => {
            stopped(app, work, &number).await?;
            Outcome::Suppressed("stopped")
        }
        Err(SmsError::Other(error)) => Outcome::Failed(format!("{error:#}"), None),
    })
}

/// Whoever has the number has answered STOP: it is kept, so that nothing more is tried, and what must be known goes
/// another way.
async fn stopped(app: &App, work: &Work, number: &str) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::preferences::stop_sms(&mut tx, number, true, now).await?;
    // Together: whoever comes after a crash finds no number, and asks no further.
    if is_critical(work) {
        fall_back(&mut tx, work.notification_id, work.user_id, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_two_days_and_what_rings_for_an_hour() {
        for n in 0..50_u128 {
            let id = DeliveryId::from(uuid::Uuid::from_u128(n * 7919));
            for (channel, hours) in [(Channel::Email, 48), (Channel::Push, 1), (Channel::Sms, 1)] {
                let pauses: Vec<_> = (1..).map_while(|attempt| pause(channel, attempt, id)).collect();
                let all: i64 = pauses.iter().map(SignedDuration::as_secs).sum();
                assert!((hours * 3600..=hours * 3600 * 5 / 4 + 600).contains(&all), "{channel:?} {all}");
            }
        }
    }
}
