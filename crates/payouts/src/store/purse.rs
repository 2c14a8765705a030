//! The SQL of purses.

use platform::{ids::UserId, money::Currency};
use sqlx::PgConnection;

/// Waits for everybody else who has the purse.
pub(crate) async fn lock(db: &mut PgConnection, provider: UserId) -> sqlx::Result<()> {
    sqlx::query_scalar!("select lock_purse($1)", provider as _).fetch_one(db).await?;
    Ok(())
}

/// What is available and what is owed, as the ledger has it. A statement of its own: it must see what was done while
/// it waited for the lock.
pub(crate) async fn look(
    db: &mut PgConnection,
    provider: UserId,
    currency: Currency,
) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"select coalesce(sum(balance - held) filter (where purpose = 'provider_available'), 0)::bigint as "available!",
                  coalesce(sum(balance) filter (where purpose = 'provider_owed'), 0)::bigint as "owed!"
             from ledger_balances
            where owner = $1 and currency = $2 and purpose in ('provider_available', 'provider_owed')"#,
        provider as _,
        currency as _,
    )
    .fetch_one(db)
    .await?;
    Ok((row.available, row.owed))
}
