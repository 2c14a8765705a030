//! The table of mails, SMS and push notifications that were not sent anywhere.

use platform::{
    page::{EXACT_COUNT, Order, Paging},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Postgres, QueryBuilder};

/// So many are kept; the oldest go…
const KEPT: i64 = 1000;
/// … after every so many.
const SWEEP: i64 = 100;

/// How something was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Channel {
    /// By mail.
    Mail,
    /// By SMS.
    Sms,
    /// As a push notification.
    Push,
}

/// What is kept.
pub struct Entry<'a> {
    pub channel: Channel,
    pub recipient: &'a str,
    pub subject: Option<&'a str>,
    pub text: &'a str,
    pub html: Option<&'a str>,
}

/// What was kept.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub struct Kept {
    pub id: i64,
    pub channel: Channel,
    pub recipient: String,
    pub subject: Option<String>,
    pub text: String,
    pub html: Option<String>,
    pub created_at: Instant,
}

/// Keeps an entry, and lets the oldest go once in a while.
pub async fn keep(db: &PgPool, entry: &Entry<'_>, now: Instant) -> sqlx::Result<()> {
    let id = sqlx::query_scalar!(
        "insert into dev_outbox (channel, recipient, subject, text, html, created_at) values ($1, $2, $3, $4, $5, $6)
         returning id",
        entry.channel as _,
        entry.recipient,
        entry.subject,
        entry.text,
        entry.html,
        now as _,
    )
    .fetch_one(db)
    .await?;
    if id % SWEEP == 0 {
        // Numbers may have gaps, so it may be fewer that are kept.
        sqlx::query!("delete from dev_outbox where id <= $1", id - KEPT).execute(db).await?;
    }
    Ok(())
}

/// Which entries are asked for.
#[derive(Debug, Default)]
pub struct Filter {
    pub to: Option<String>,
    pub channel: Option<Channel>,
}

fn filtered(select: &str, filter: &Filter) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(select);
    query.push(" from dev_outbox where true");
    if let Some(to) = &filter.to {
        query.push(" and lower(recipient) = lower(").push_bind(to.clone()).push(")");
    }
    if let Some(channel) = filter.channel {
        query.push(" and channel = ").push_bind(channel);
    }
    query
}

/// A page of entries, newest first.
pub async fn list(db: &PgPool, filter: &Filter, paging: &Paging<i64>) -> sqlx::Result<Vec<Kept>> {
    let mut query = filtered("select id, channel, recipient, subject, text, html, created_at", filter);
    if let Some(&key) = paging.key() {
        query.push(" and id ").push(paging.comparison(Order::Descending)).push(" ").push_bind(key);
    }
    query.push(" order by id ").push(paging.direction(Order::Descending));
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    query.build_query_as().fetch_all(db).await
}

/// How many entries there are; more than [`EXACT_COUNT`] are not counted.
pub async fn count(db: &PgPool, filter: &Filter) -> sqlx::Result<i64> {
    let mut inner = filtered("select count(*) from (select", filter);
    inner.push(" limit ").push(EXACT_COUNT + 1).push(") as bounded");
    inner.build_query_scalar().fetch_one(db).await
}
