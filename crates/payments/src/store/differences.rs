//! The SQL of comparing books.

use platform::{
    money::Currency,
    ports::gateway::{GatewayName, Period},
    time::Instant,
};
use sqlx::PgConnection;

use crate::reconcile::{Difference, Ours};

/// What we believe that a gateway moved in a period. What was reserved first is taken under the charge's name.
pub(crate) async fn ours(
    db: &mut PgConnection,
    gateway: GatewayName,
    period: Period,
) -> sqlx::Result<Vec<Ours>> {
    sqlx::query_as!(
        Ours,
        r#"select case task when 'refund' then 'refund' else 'charge' end as "kind!", reference as "reference!",
                  amount_minor, currency, updated_at as settled_at
             from payment_operations
            where gateway = $1 and state = 'succeeded' and updated_at >= $2 and updated_at < $3
              and (task in ('capture', 'refund') or task = 'charge' and not captures_later)"#,
        gateway as _,
        period.from as _,
        period.until as _,
    )
    .fetch_all(db)
    .await
}

/// The newest differences, and when each was found.
pub(crate) async fn newest(db: &mut PgConnection) -> sqlx::Result<Vec<(Difference, Instant)>> {
    let rows = sqlx::query!(
        r#"select gateway as "gateway: GatewayName", kind, reference, ours, theirs, currency as "currency: Currency",
                  found_at as "found_at: Instant"
             from payment_differences order by found_at desc, reference limit 100"#
    )
    .fetch_all(db)
    .await?;
    let differences = rows.into_iter().map(|row| {
        let (gateway, kind, reference) = (row.gateway, row.kind, row.reference);
        let (ours, theirs, currency) = (row.ours, row.theirs, row.currency);
        (Difference { gateway, kind, reference, ours, theirs, currency }, row.found_at)
    });
    Ok(differences.collect())
}

/// Lists a difference, once.
pub(crate) async fn insert(db: &mut PgConnection, difference: &Difference, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payment_differences (gateway, kind, reference, ours, theirs, currency, found_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (gateway, kind, reference) do nothing",
        difference.gateway as _,
        difference.kind,
        difference.reference,
        difference.ours,
        difference.theirs,
        difference.currency as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
