//! From an intent to rows: the notification once, its deliveries, their jobs, and the event for the app.

use jiff::SignedDuration;
use platform::{
    app::App,
    ids::{DeliveryId, NotificationId, UserId},
    jobs::{self, Timing},
    stream,
    time::Instant,
};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    jobs::{Deliver, FallBack, ReleaseHeld},
    model::{Channel, DeliveryState, Intent, Priority, route},
    preferences::{self, Plan, Planned, Wishes},
    store,
};

/// Messages of one burst that follow within this time ring a phone once more, together.
const WINDOW: SignedDuration = SignedDuration::from_secs(30);
/// A critical push that nobody read by then is followed by an SMS or a mail.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// Whether somebody is connected, and so hears of everything at once.
pub(crate) fn is_here(app: &App, user: UserId) -> bool {
    app.hub.is_connected(user) || app.hub.is_online(user)
}

/// Tells all of these; each once, however often this is called.
pub(crate) async fn announce(app: &App, intents: Vec<Intent>) -> anyhow::Result<()> {
    for intent in intents {
        tell(app, &intent).await?;
    }
    Ok(())
}

async fn tell(app: &App, intent: &Intent) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let found = store::preferences::find(&mut *tx, intent.recipient, now).await?;
    let Some(known) = found.filter(|known| known.is_active) else { return Ok(()) };
    let user = intent.recipient;
    let wishes = Wishes {
        can_push: known.has_device,
        can_sms: known.phone_number.is_some() && !known.is_sms_stopped,
        choices: known.choices,
        quiet_hours: known.quiet_hours,
        is_connected: is_here(app, user),
    };
    let plan = preferences::plan(intent.template, intent.channels.as_deref(), &wishes, now);
    if plan.is_empty() {
        return Ok(());
    }
    let Some(id) = insert(&mut tx, intent, &plan, now).await? else { return Ok(()) };
    send(&mut tx, id, user, &plan, now).await?;
    let nature = intent.template.nature();
    if nature.priority == Priority::Critical {
        let timing = Timing { at: Some(now.plus(PATIENCE)), key: Some(format!("fallback:{id}")) };
        jobs::schedule(&mut tx, &FallBack { notification_id: id, user_id: user }, now, timing).await?;
    }
    let told = if plan.in_feed {
        let data = json!({
            "id": id,
            "type": nature.category,
            "event": intent.template,
            "entity": nature.entity,
            "entity_id": intent.entity_id,
            "route": route(nature.entity, intent.entity_id),
        });
        Some(stream::append(&mut tx, &[user], stream::Kind::NotificationCreated, &data, now).await?)
    } else {
        None
    };
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    if let Some(told) = told {
        told.tell(app);
    }
    Ok(())
}

async fn insert(
    db: &mut PgConnection,
    intent: &Intent,
    plan: &Plan,
    now: Instant,
) -> sqlx::Result<Option<NotificationId>> {
    match &intent.burst {
        None => store::notifications::insert(db, intent, plan.in_feed, now).await,
        Some((burst, seq)) => {
            store::notifications::insert_in_burst(db, intent, (burst, *seq), plan.in_feed, now).await
        }
    }
}

/// Writes the ways of a message, and puts them into the queue.
async fn send(
    db: &mut PgConnection,
    id: NotificationId,
    user: UserId,
    plan: &Plan,
    now: Instant,
) -> sqlx::Result<()> {
    for way in &plan.deliveries {
        let new = store::deliveries::insert(db, id, user, std::slice::from_ref(way), now).await?;
        let delivery = match new.first() {
            Some(&delivery) => Some((delivery, *way)),
            // A burst has grown after its push: the next one waits for more.
            None if way.channel == Channel::Push => {
                let due_at = way.due_at.max(now.plus(WINDOW));
                let again = store::deliveries::send_again(db, id, way.state, due_at, now).await?;
                again.map(|delivery| (delivery, Planned { due_at, ..*way }))
            }
            None => None,
        };
        if let Some((delivery, way)) = delivery {
            enqueue(db, delivery, user, way, now).await?;
        }
    }
    Ok(())
}

async fn enqueue(
    db: &mut PgConnection,
    delivery: DeliveryId,
    user: UserId,
    way: Planned,
    now: Instant,
) -> sqlx::Result<()> {
    if way.state == DeliveryState::Held {
        let timing = Timing { at: Some(way.due_at), key: Some(ReleaseHeld::key(user)) };
        jobs::schedule(db, &ReleaseHeld { user_id: user }, now, timing).await
    } else {
        deliver_at(db, delivery, way.due_at, now).await
    }
}

/// Sends a delivery then.
pub(crate) async fn deliver_at(
    db: &mut PgConnection,
    delivery: DeliveryId,
    at: Instant,
    now: Instant,
) -> sqlx::Result<()> {
    let timing = Timing { at: Some(at), key: Some(format!("delivery:{delivery}")) };
    jobs::schedule(db, &Deliver { delivery_id: delivery }, now, timing).await
}

/// A critical message that nobody has read goes another way: by SMS where there is a number, else by mail.
pub(crate) async fn fall_back(
    db: &mut PgConnection,
    id: NotificationId,
    user: UserId,
    now: Instant,
) -> sqlx::Result<()> {
    if store::notifications::is_read(db, id).await? {
        return Ok(());
    }
    let Some(known) = store::preferences::find(&mut *db, user, now).await? else { return Ok(()) };
    let has_number = known.phone_number.is_some() && !known.is_sms_stopped;
    let channel = if has_number { Channel::Sms } else { Channel::Email };
    let way = Planned { channel, state: DeliveryState::Pending, due_at: now };
    for delivery in store::deliveries::insert(db, id, user, &[way], now).await? {
        deliver_at(db, delivery, now, now).await?;
    }
    Ok(())
}

/// Quiet hours are over: pushes that waited become one, SMS are sent.
pub(crate) async fn release_held(app: &App, user: UserId) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let held = store::deliveries::lock_held(&mut tx, user).await?;
    let (read, waiting): (Vec<_>, Vec<_>) = held.into_iter().partition(|held| held.is_read);
    let (pushes, others): (Vec<_>, Vec<_>) =
        waiting.into_iter().partition(|held| held.channel == Channel::Push);
    let read: Vec<DeliveryId> = read.iter().map(|held| held.id).collect();
    store::deliveries::suppress(&mut tx, &read, "read", now).await?;
    let mut sent: Vec<(DeliveryId, i32)> = others.iter().map(|held| (held.id, 1)).collect();
    if let Some((newest, rest)) = pushes.split_first() {
        let rest: Vec<DeliveryId> = rest.iter().map(|held| held.id).collect();
        store::deliveries::suppress(&mut tx, &rest, "gathered", now).await?;
        sent.push((newest.id, i32::try_from(pushes.len()).unwrap_or(i32::MAX)));
    }
    for (id, gathers) in sent {
        store::deliveries::release(&mut tx, id, gathers, now).await?;
        deliver_at(&mut tx, id, now, now).await?;
    }
    tx.commit().await?;
    Ok(())
}
