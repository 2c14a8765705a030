//! The SQL of what customers owe; the view says what counts.

use platform::{
    ids::{BookingId, PaymentId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use sqlx::PgConnection;

use crate::debt::Debt;

/// What somebody owes for one booking, and which payment did not come.
pub(crate) async fn of_booking(
    db: &mut PgConnection,
    customer: UserId,
    booking: BookingId,
) -> sqlx::Result<Option<(PaymentId, i64)>> {
    let row = sqlx::query!(
        r#"select payment_id as "payment_id!: PaymentId", amount_minor as "amount_minor!"
             from payment_debts where user_id = $1 and booking_id = $2 and amount_minor > 0"#,
        customer as _,
        booking as _,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.payment_id, row.amount_minor)))
}

/// What somebody owes, the oldest first.
pub(crate) async fn of(db: &mut PgConnection, customer: UserId) -> sqlx::Result<Vec<Debt>> {
    let rows = sqlx::query!(
        r#"select booking_id as "booking_id!: BookingId", payment_id as "payment_id!: PaymentId",
                  amount_minor as "amount_minor!", currency as "currency!: Currency", since as "since!: Instant"
             from payment_debts where user_id = $1 and amount_minor > 0 order by since"#,
        customer as _
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Debt {
            booking_id: row.booking_id,
            payment_id: row.payment_id,
            amount: Money::new(row.amount_minor, row.currency),
            since: row.since,
        })
        .collect())
}
