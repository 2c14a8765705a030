//! What is always true of payments, beside the books: for `skillbuddy ledger check`.

use ledger::{Invariant, Report};
use sqlx::PgPool;

use crate::store::{checks, differences};

/// The books, every payment, and what every provider has earned. `noted` is a seal that was written down earlier.
pub async fn everything(db: &PgPool, noted: Option<&str>) -> sqlx::Result<Report> {
    let mut report = ledger::check(db, noted).await?;
    report.invariants.extend(check(db).await?);
    report.invariants.extend(payouts::check(db).await?);
    let open = differences::newest(&mut *db.acquire().await?).await?;
    let broken = open.iter().map(|(difference, _)| difference.to_string()).collect();
    report.invariants.push(Invariant { name: "the books of the gateways agree with ours", broken });
    Ok(report)
}

/// Looks at every payment.
pub(crate) async fn check(db: &PgPool) -> sqlx::Result<Vec<Invariant>> {
    let mut tx = db.begin().await?;
    let db = &mut *tx;
    let invariants = vec![
        ("no more goes back than was paid", checks::overdrawn(db).await?),
        ("payments are what their operations made of them", checks::counters_off(db).await?),
        ("what is confirmed is paid, or certain to be", checks::unfunded(db).await?),
        ("every charge moved its money once", checks::unposted(db).await?),
        ("parts add up to their payment", checks::parts_off(db).await?),
        ("wallets are the sums of their lots", checks::wallets_off(db).await?),
    ];
    Ok(invariants.into_iter().map(|(name, broken)| Invariant { name, broken }).collect())
}
