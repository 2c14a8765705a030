//! The SQL of what keeps somebody from leaving.

use platform::{ids::UserId, obligations::Obligation};
use sqlx::PgConnection;

/// Bookings that still have to happen, or are disputed, of a customer or a provider.
pub(crate) async fn find(db: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<Obligation>> {
    let found = sqlx::query!(
        r#"select count(*) filter (where state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress'))
                      as "open!",
                  count(*) filter (where state = 'disputed') as "disputed!"
             from bookings
            where (customer_id = $1 or provider_id = $1)
              and state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress', 'disputed')"#,
        user as _,
    )
    .fetch_one(db)
    .await?;
    let all = [("open_bookings", found.open), ("open_disputes", found.disputed)];
    Ok(all
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, n)| Obligation::counted(kind, n))
        .collect())
}
