//! What somebody has read on one device need not stand on the screens of the others.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use platform::{
    app::App,
    ids::{DeliveryId, UserId},
    jobs,
    ports::push::{Push, PushError},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    deliver::{PUSH_VERSION, collapse_key, subject},
    jobs::Retract,
    store::shown::{self, Shown},
};

/// Older ones were seen, or swept away by hand.
const RECENT: SignedDuration = SignedDuration::from_hours(24);
/// More than these nobody has on a screen.
const MOST: i64 = 20;

/// Somebody has read something: where a push tells of it, it is taken back. In the transaction of the reading.
pub(crate) async fn retract_soon(db: &mut PgConnection, user: UserId, now: Instant) -> sqlx::Result<()> {
    if shown::exists(db, user, since(now)).await? {
        jobs::enqueue(db, &Retract { user_id: user }, now).await?;
    }
    Ok(())
}

/// Takes back what is read: a push without words, in place of the one that was shown.
pub(crate) async fn retract(app: &App, user: UserId) -> anyhow::Result<()> {
    let now = app.clock.now();
    let all = shown::list(&app.db, user, since(now), MOST).await?;
    let mut done: Vec<DeliveryId> = Vec::new();
    for one in all {
        done.push(one.delivery_id);
        match app.push.send(silent(one)).await {
            // A nicety: whoever misses it sees a notification that they have read.
            Ok(_) | Err(PushError::DeviceGone | PushError::Refused(_) | PushError::Later(_)) => {}
            Err(PushError::Other(error)) => {
                tracing::info!("a push was not taken back: {error:#}");
            }
        }
    }
    done.dedup();
    Ok(shown::retracted(&app.db, user, &done, now).await?)
}

/// Deliveries since then; their ids begin with their time.
fn since(now: Instant) -> DeliveryId {
    DeliveryId::at(now.minus(RECENT))
}

fn silent(shown: Shown) -> Push {
    let nature = shown.template.nature();
    let entity: &str = nature.entity.into();
    let data = BTreeMap::from([
        ("v", PUSH_VERSION.to_owned()),
        ("type", "notification.read".to_owned()),
        ("entity", entity.to_owned()),
        ("id", subject(shown.entity_id, shown.notification_id)),
        ("notification_id", shown.notification_id.to_string()),
    ]);
    Push {
        token: shown.token,
        platform: shown.platform,
        title: String::new(),
        body: String::new(),
        data: data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        collapse_key: Some(collapse_key(nature.entity, shown.entity_id, shown.notification_id)),
        badge: u32::try_from(shown.unread).ok(),
    }
}
