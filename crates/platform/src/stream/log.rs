//! Reading the log of a person.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::{PgConnection, PgExecutor, types::Json};

use super::{Kind, frame};
use crate::{
    app::App,
    bus::{Bus, Signal},
    ids::UserId,
    jobs::Job,
    time::Instant,
};

/// Whoever missed more starts anew.
const MOST_MISSED: i64 = 1000;
/// How long events are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many old events are removed at once.
const BATCH: i64 = 10_000;

/// An event as one person's log has it.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its number.
    pub id: i64,
    /// What happened.
    pub kind: Kind,
    /// When.
    pub at: Instant,
    /// More about it.
    pub data: Box<RawValue>,
}

impl Logged {
    /// What a client is sent of it.
    pub fn frame(&self) -> String {
        frame(self.id, self.kind, self.at, &self.data)
    }
}

/// What somebody missed.
#[derive(Debug)]
pub enum Missed {
    /// Every event after the one they had, in order.
    Events(Vec<Logged>),
    /// It cannot be told any more, or is too much: they read everything anew, and go on after this number.
    Resync(i64),
}

/// How somebody's log stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the newest event; 0 where there has been none.
    pub id: i64,
    /// Whether they do not want others to see that they are here.
    pub is_hidden: bool,
}

/// How somebody's log stands.
pub async fn head(db: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Head> {
    let head =
        sqlx::query_as!(Head, "select head as id, is_hidden from user_streams where user_id = $1", user as _);
    Ok(head.fetch_optional(db).await?.unwrap_or_default())
}

/// Lets others see when somebody is here, or not; also by the connections that they have, after the commit.
pub async fn hide(db: &mut PgConnection, user: UserId, is_hidden: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into user_streams (user_id, head, is_hidden) values ($1, 0, $2)
         on conflict (user_id) do update set is_hidden = excluded.is_hidden",
        user as _,
        is_hidden,
    )
    .execute(&mut *db)
    .await?;
    Bus::publish(db, &Signal::AccountChanged { user }).await
}

/// How somebody's log stands, and everything after the event `after`, or that it cannot be told.
pub async fn missed(db: impl PgExecutor<'_>, user: UserId, after: i64) -> sqlx::Result<(Head, Missed)> {
    let rows = sqlx::query!(
        r#"select s.head, s.is_hidden, e.id as "id?", e.kind as "kind?: Kind", e.at as "at?: Instant",
                  e.data as "data?: Json<Box<RawValue>>"
             from user_streams s
             left join lateral (select id, kind, at, data from user_events
                                 where user_id = $1 and id > $2 order by id limit 1001) e on true
            where s.user_id = $1 order by e.id"#,
        user as _,
        after,
    )
    .fetch_all(db)
    .await?;
    let head = rows.first().map(|row| Head { id: row.head, is_hidden: row.is_hidden }).unwrap_or_default();
    let missing = head.id - after;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        if let (Some(id), Some(kind), Some(at), Some(data)) = (row.id, row.kind, row.at, row.data) {
            events.push(Logged { id, kind, at, data: data.0 });
        }
    }
    // Numbers have no gaps: when some are missing they are older than is kept.
    let is_whole = i64::try_from(events.len()).is_ok_and(|found| found == missing);
    let is_told = is_whole && missing <= MOST_MISSED;
    Ok((head, if is_told { Missed::Events(events) } else { Missed::Resync(head.id) }))
}

/// Which of these people have events after the one that stands beside them.
pub(super) async fn behind(
    db: impl PgExecutor<'_>,
    people: &[UserId],
    sent: &[i64],
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"select s.user_id as "user_id: UserId" from unnest($1::uuid[], $2::bigint[]) l (user_id, sent)
             join user_streams s on s.user_id = l.user_id and s.head > l.sent"#,
        people as _,
        sent,
    )
    .fetch_all(db)
    .await
}

/// Removes events that are older than is kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct PruneEvents {}

impl Job for PruneEvents {
    const KIND: &'static str = "platform.prune_events";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let before = app.clock.now().minus(KEPT);
        loop {
            let removed = sqlx::query!(
                "delete from user_events where ctid = any(array(
                     select ctid from user_events where at < $1 limit $2))",
                before as _,
                BATCH,
            );
            if removed.execute(&app.db).await?.rows_affected() == 0 {
                return Ok(());
            }
        }
    }
}
