//! Proof that what is known of providers' money is what the ledger has.

use ledger::Invariant;
use sqlx::PgPool;

use crate::store::checks;

/// The invariants of providers' money, as they are at one moment; they go with those of the ledger.
pub async fn check(db: &PgPool) -> sqlx::Result<Vec<Invariant>> {
    let mut tx = db.begin().await?;
    let db = &mut *tx;
    checks::look_at_one_moment(db).await?;
    let invariants = [
        ("what earnings have pending is on the pending accounts", checks::pending_off(db).await?),
        ("withdrawals that are open are on the accounts of their way", checks::in_payout_off(db).await?),
        ("who owes us has nothing available", checks::debts_beside_money(db).await?),
        ("entries of earnings add up to what was earned", checks::entries_off(db).await?),
        ("what was earned is with the provider, or on the way", checks::earnings_off(db).await?),
    ];
    Ok(invariants.into_iter().map(|(name, broken)| Invariant { name, broken }).collect())
}
