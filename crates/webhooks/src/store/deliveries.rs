//! The SQL of messages to endpoints.

use platform::{
    ids::{EndpointId, WebhookDeliveryId},
    page::{Order, Paging},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, PgPool, QueryBuilder, types::Json};

use crate::{
    message::Message,
    model::{DeliveryState, Verdict},
};

/// Everything that is needed to send one.
pub(crate) struct Work {
    pub(crate) id: WebhookDeliveryId,
    pub(crate) endpoint_id: EndpointId,
    pub(crate) body: String,
    pub(crate) tries: i16,
    pub(crate) url: String,
    pub(crate) sealed_secret: Vec<u8>,
    /// Where it is still good.
    pub(crate) sealed_old_secret: Option<Vec<u8>>,
    pub(crate) failing_since: Option<Instant>,
}

/// Writes a message for each of these, which are held until the transaction ends, and gives what is new; one that has it
/// already keeps it under the id that it has.
pub(crate) async fn insert(
    db: &mut PgConnection,
    endpoints: &[EndpointId],
    message: &Message,
    now: Instant,
) -> sqlx::Result<Vec<Delivery>> {
    let ids: Vec<WebhookDeliveryId> = endpoints.iter().map(|_| WebhookDeliveryId::at(now)).collect();
    sqlx::query_as!(
        Delivery,
        "with held as (select id from webhook_endpoints where id = any($2) order by id for no key update)
         insert into webhook_deliveries (id, endpoint_id, event_id, event_type, body, due_at, created_at, updated_at)
         select new.id, held.id, $3::text, $4::text, $5::text, $6::timestamptz, $6, $6
           from unnest($1::uuid[], $2::uuid[]) new (id, endpoint_id) join held on held.id = new.endpoint_id
         on conflict on constraint webhook_deliveries_once do nothing
         returning id, endpoint_id, event_type, state, attempts, due_at, created_at, updated_at",
        &ids as _,
        endpoints as _,
        message.event_id,
        message.event_type,
        message.body,
        now as _,
    )
    .fetch_all(db)
    .await
}

/// The first that is due at an endpoint.
pub(crate) async fn next(db: &PgPool, endpoint: EndpointId, now: Instant) -> sqlx::Result<Option<Work>> {
    sqlx::query_as!(
        Work,
        r#"select d.id, d.endpoint_id, d.body, d.tries, e.url, e.sealed_secret,
                  case when e.old_secret_until > $2 then e.sealed_old_secret end as sealed_old_secret, e.failing_since
             from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
            where d.endpoint_id = $1 and d.state = 'pending' and d.due_at <= $2 and e.is_active
            order by d.due_at, d.id limit 1"#,
        endpoint as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// When the next is due at an endpoint that is switched on.
pub(crate) async fn next_due(db: &mut PgConnection, endpoint: EndpointId) -> sqlx::Result<Option<Instant>> {
    sqlx::query_scalar!(
        "select d.due_at from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
          where d.endpoint_id = $1 and d.state = 'pending' and e.is_active order by d.due_at, d.id limit 1",
        endpoint as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes what a try means for it; gives the number of the try, where it still exists.
pub(crate) async fn finish(
    db: &mut PgConnection,
    id: WebhookDeliveryId,
    verdict: &Verdict,
    now: Instant,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "update webhook_deliveries
            set state = $2, due_at = $3, tries = tries + 1, attempts = attempts + 1, updated_at = $4
          where id = $1 returning attempts",
        id as _,
        verdict.state as _,
        verdict.due_at as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// One try.
pub(crate) struct Attempt<'a> {
    pub(crate) at: Instant,
    pub(crate) status: Option<i16>,
    pub(crate) reply: Option<&'a str>,
    pub(crate) error: Option<&'static str>,
}

/// Writes it down.
pub(crate) async fn insert_attempt(
    db: &mut PgConnection,
    id: WebhookDeliveryId,
    number: i32,
    attempt: &Attempt<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into webhook_attempts (delivery_id, number, at, status, reply, error) values ($1, $2, $3, $4, $5, $6)",
        id as _,
        number,
        attempt.at as _,
        attempt.status,
        attempt.reply,
        attempt.error,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One as staff see it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Delivery {
    pub(crate) id: WebhookDeliveryId,
    pub(crate) endpoint_id: EndpointId,
    pub(crate) event_type: String,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: i32,
    pub(crate) due_at: Instant,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

/// What was tried, as staff see it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = WebhookAttempt)]
pub(crate) struct Tried {
    /// From 1.
    number: i32,
    at: Instant,
    /// What the partner's server answered.
    status: Option<i16>,
    /// How that answer began: 1,000 bytes at most.
    reply: Option<String>,
    /// Why there was no answer: `address_refused`, `timed_out`, `not_reached`.
    error: Option<String>,
}

#[derive(FromRow)]
struct Listed {
    #[sqlx(flatten)]
    delivery: Delivery,
    total: i64,
}

/// One page of what endpoints were told, newest first, and the bounded count.
pub(crate) async fn list(
    db: &PgPool,
    endpoint: Option<EndpointId>,
    state: Option<DeliveryState>,
    paging: &Paging<WebhookDeliveryId>,
) -> sqlx::Result<(Vec<Delivery>, i64)> {
    let filter = |query: &mut QueryBuilder<sqlx::Postgres>| {
        query.push(" from webhook_deliveries where true");
        if let Some(endpoint) = endpoint {
            query.push(" and endpoint_id = ").push_bind(endpoint);
        }
        if let Some(state) = state {
            query.push(" and state = ").push_bind(state);
        }
    };
    let mut query = QueryBuilder::new(
        "select id, endpoint_id, event_type, state, attempts, due_at, created_at, updated_at,
                (select count(*) from (select 1",
    );
    filter(&mut query);
    query.push(" limit 1001) c) as total");
    filter(&mut query);
    if let Some(&id) = paging.key() {
        query.push(" and id ").push(paging.comparison(Order::Descending)).push(" ").push_bind(id);
    }
    query.push(" order by id ").push(paging.direction(Order::Descending));
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    let rows: Vec<Listed> = query.build_query_as().fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.delivery).collect(), total))
}

/// One with what it says and what was tried.
pub(crate) struct Whole {
    pub(crate) delivery: Delivery,
    pub(crate) body: String,
    pub(crate) tried: Vec<Tried>,
}

/// One.
pub(crate) async fn find(db: &PgPool, id: WebhookDeliveryId) -> sqlx::Result<Option<Whole>> {
    let row = sqlx::query!(
        r#"select d.id, d.endpoint_id, d.event_type, d.state, d.attempts, d.due_at, d.created_at, d.updated_at, d.body,
                  coalesce((select jsonb_agg(to_jsonb(a) - 'delivery_id' order by a.number)
                              from webhook_attempts a where a.delivery_id = d.id), '[]') as "tried!: Json<Vec<Tried>>"
             from webhook_deliveries d where d.id = $1"#,
        id as _,
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| Whole {
        delivery: Delivery {
            id: row.id,
            endpoint_id: row.endpoint_id,
            event_type: row.event_type,
            state: row.state,
            attempts: row.attempts,
            due_at: row.due_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        },
        body: row.body,
        tried: row.tried.0,
    }))
}

/// Where one goes, held until the transaction ends, and whether that is switched on.
pub(crate) async fn lock_target(
    db: &mut PgConnection,
    id: WebhookDeliveryId,
) -> sqlx::Result<Option<(EndpointId, bool)>> {
    let row = sqlx::query!(
        "select e.id, e.is_active from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id
          where d.id = $1 for no key update of e",
        id as _,
    );
    Ok(row.fetch_optional(db).await?.map(|row| (row.id, row.is_active)))
}

/// Sends one anew, under the same id.
pub(crate) async fn start_anew(
    db: &mut PgConnection,
    id: WebhookDeliveryId,
    now: Instant,
) -> sqlx::Result<Option<Delivery>> {
    sqlx::query_as!(
        Delivery,
        "update webhook_deliveries set state = 'pending', tries = 0, due_at = $2, updated_at = $2 where id = $1
         returning id, endpoint_id, event_type, state, attempts, due_at, created_at, updated_at",
        id as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// Forgets what is older than that, a thousand at most; says how many there were.
pub(crate) async fn delete_old(db: &PgPool, before: Instant) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from webhook_deliveries
          where id in (select id from webhook_deliveries where created_at < $1 order by created_at limit 1000)",
        before as _,
    );
    Ok(done.execute(db).await?.rows_affected())
}
