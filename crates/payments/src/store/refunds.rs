//! The SQL of refunds.

use platform::{
    ids::{PaymentId, RefundId, UserId},
    time::Instant,
};
use sqlx::PgConnection;

use crate::refund::{Refund, RefundState};

/// Writes a new refund.
pub(crate) async fn insert(db: &mut PgConnection, refund: &Refund) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into refunds (id, payment_id, amount_minor, credits_minor, state, reason, requested_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        refund.id as _,
        refund.payment_id as _,
        refund.amount_minor,
        refund.credits_minor,
        refund.state as _,
        refund.reason,
        refund.requested_by as _,
        refund.created_at as _,
        refund.updated_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A part of a refund has arrived; all of it, where no other part is on its way.
pub(crate) async fn arrived(db: &mut PgConnection, id: RefundId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update refunds set state = 'succeeded', retry_at = null, updated_at = $2
          where id = $1
            and amount_minor - credits_minor - elsewhere_minor =
                (select sum(amount_minor) from payment_operations where refund_id = $1 and state = 'succeeded')",
        id as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A part of a refund could not be brought back; it is tried again then, or staff look at it.
pub(crate) async fn failed(
    db: &mut PgConnection,
    id: RefundId,
    retry_at: Option<Instant>,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update refunds set state = 'failed', retry_at = $2, updated_at = $3 where id = $1",
        id as _,
        retry_at as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a refund is to be tried again by now.
pub(crate) async fn is_due(db: &mut PgConnection, id: RefundId, now: Instant) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from refunds where id = $1 and state = 'failed' and retry_at <= $2) as "yes!""#,
        id as _,
        now as _,
    )
    .fetch_one(db)
    .await
}

/// The payment of a refund.
pub(crate) async fn payment_of(db: &mut PgConnection, id: RefundId) -> sqlx::Result<Option<PaymentId>> {
    let found = sqlx::query_scalar!(
        r#"select payment_id as "payment_id: PaymentId" from refunds where id = $1"#,
        id as _
    );
    found.fetch_optional(db).await
}

/// A refund, held until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: RefundId) -> sqlx::Result<Option<Refund>> {
    sqlx::query_as!(
        Refund,
        r#"select id as "id: RefundId", payment_id as "payment_id: PaymentId", amount_minor, credits_minor, elsewhere_minor,
                  state as "state: RefundState", reason, requested_by as "requested_by: UserId",
                  tries, retry_at as "retry_at: Instant",
                  created_at as "created_at: Instant", updated_at as "updated_at: Instant"
             from refunds where id = $1 for update"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// How much of a refund neither was brought nor is on its way.
pub(crate) async fn missing(db: &mut PgConnection, id: RefundId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select r.amount_minor - r.credits_minor - r.elsewhere_minor
                  - coalesce((select sum(amount_minor) from payment_operations
                               where refund_id = r.id and state <> 'declined'), 0)::bigint as "missing!"
             from refunds r where r.id = $1"#,
        id as _,
    )
    .fetch_one(db)
    .await
}

/// What was tried in vain for a refund can be taken from its charges again.
pub(crate) async fn free_charges(db: &mut PgConnection, id: RefundId) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_operations c set refunded_minor = c.refunded_minor - tried.minor
           from (select charge_id, sum(amount_minor)::bigint as minor from payment_operations
                  where refund_id = $1 and state = 'declined' and not is_given_up group by 1) tried
          where c.id = tried.charge_id",
        id as _,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update payment_operations set is_given_up = true where refund_id = $1 and state = 'declined'",
        id as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes how a refund was brought.
pub(crate) async fn save(db: &mut PgConnection, refund: &Refund, note: Option<&str>) -> sqlx::Result<()> {
    sqlx::query!(
        "update refunds set state = $2, elsewhere_minor = $3, note = coalesce($4, note), tries = $5, retry_at = $6,
                updated_at = $7
          where id = $1",
        refund.id as _,
        refund.state as _,
        refund.elsewhere_minor,
        note,
        refund.tries,
        refund.retry_at as _,
        refund.updated_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
