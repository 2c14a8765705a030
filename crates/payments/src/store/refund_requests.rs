//! The SQL of refunds that a second person decides on.

use platform::{
    ids::{PaymentId, RefundRequestId, UserId},
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};

use crate::approval::{RefundRequest, RefundRequestState};

/// How much of a payment finance has given back without a second person. What its provider, or the owner of bought
/// credits, gave back is theirs.
pub(crate) async fn given_alone(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select coalesce(sum(r.amount_minor), 0)::bigint as "minor!"
             from refunds r join payments p on p.id = r.payment_id left join bookings b on b.id = p.booking_id
            where r.payment_id = $1 and r.requested_by <> coalesce(b.provider_id, p.user_id)
              and not exists (select from refund_requests where refund_id = r.id)"#,
        payment as _,
    )
    .fetch_one(db)
    .await
}

/// Writes a new request.
pub(crate) async fn insert(db: &mut PgConnection, request: &RefundRequest) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into refund_requests (id, payment_id, lot_id, amount_minor, currency, reason, state, requested_by,
                created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        request.id as _,
        request.payment_id as _,
        request.lot_id as _,
        request.amount_minor,
        request.currency as _,
        request.reason,
        request.state as _,
        request.requested_by as _,
        request.created_at as _,
        request.expires_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A request, held until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: RefundRequestId) -> sqlx::Result<Option<RefundRequest>> {
    sqlx::query_as!(
        RefundRequest,
        "select id, payment_id, lot_id, amount_minor, currency, reason, state, requested_by, decided_by, refund_id,
                created_at, expires_at, decided_at
           from refund_requests where id = $1 for update",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes the decision.
pub(crate) async fn save(db: &mut PgConnection, request: &RefundRequest) -> sqlx::Result<()> {
    sqlx::query!(
        "update refund_requests set state = $2, decided_by = $3, decided_at = $4, refund_id = $5 where id = $1",
        request.id as _,
        request.state as _,
        request.decided_by as _,
        request.decided_at as _,
        request.refund_id as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One page of requests, the newest first, none of a reader's own money, and the bounded count.
pub(crate) async fn list(
    db: &PgPool,
    (reader, state, now): (UserId, Option<RefundRequestState>, Instant),
    paging: &Paging<RefundRequestId>,
) -> sqlx::Result<(Vec<RefundRequest>, i64)> {
    let narrow = |query: &mut QueryBuilder<Postgres>| {
        query.push(
            " from refund_requests r join payments p on p.id = r.payment_id left join bookings b on b.id = p.booking_id
             where p.user_id <> ",
        );
        query.push_bind(reader).push(" and b.provider_id is distinct from ").push_bind(reader);
        if let Some(state) = state {
            let stored = match state {
                RefundRequestState::Expired => RefundRequestState::PendingApproval,
                stored => stored,
            };
            query.push(" and r.state = ").push_bind(stored);
        }
        match state {
            Some(RefundRequestState::Expired) => {
                query.push(" and r.expires_at <= ").push_bind(now);
            }
            Some(RefundRequestState::PendingApproval) => {
                query.push(" and r.expires_at > ").push_bind(now);
            }
            _ => {}
        }
    };
    let mut counting = QueryBuilder::new("select count(*) from (select 1");
    narrow(&mut counting);
    let total: i64 = counting.push(" limit 1001) c").build_query_scalar().fetch_one(db).await?;
    let mut query = QueryBuilder::new("select r.*");
    narrow(&mut query);
    if let Some(&id) = paging.key() {
        query.push(" and r.id ").push(paging.comparison(Order::Descending)).push(" ").push_bind(id);
    }
    query.push(" order by r.id ").push(paging.direction(Order::Descending));
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    Ok((query.build_query_as().fetch_all(db).await?, total))
}
