//! The SQL of receipts.

use platform::{ids::PaymentId, time::Instant};
use sqlx::{PgConnection, types::Json};

use crate::receipt::{Content, Receipt};

/// The receipt of a payment.
pub(crate) async fn find(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Option<Receipt>> {
    let row = sqlx::query!(
        r#"select id, number, content as "content: Json<Content>", issued_at as "issued_at: Instant"
             from receipts where payment_id = $1"#,
        payment as _,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Receipt {
        id: row.id,
        number: row.number,
        payment_id: payment,
        content: row.content.0,
        issued_at: row.issued_at,
    }))
}

/// Holds the numbers of an entity until the transaction ends.
pub(crate) async fn lock_numbers(db: &mut PgConnection, entity: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into receipt_numbers as n (entity, last) values ($1, 0)
         on conflict (entity) do update set last = n.last",
        entity,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The next number; one that is not used goes back when the transaction does.
pub(crate) async fn next_number(db: &mut PgConnection, entity: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "update receipt_numbers set last = last + 1 where entity = $1 returning last",
        entity,
    )
    .fetch_one(db)
    .await
}

/// Who paid, whom, and the short name of the booking.
pub(crate) async fn names(
    db: &mut PgConnection,
    payment: PaymentId,
) -> sqlx::Result<(String, Option<String>, Option<String>)> {
    sqlx::query!(
        r#"select c.name as customer, w.name as "provider?", b.reference as "reference?"
             from payments p
             join users c on c.id = p.user_id
             left join bookings b on b.id = p.booking_id
             left join users w on w.id = b.provider_id
            where p.id = $1"#,
        payment as _,
    )
    .fetch_one(db)
    .await
    .map(|row| (row.customer, row.provider, row.reference))
}

/// Writes a receipt.
pub(crate) async fn insert(db: &mut PgConnection, entity: &str, receipt: &Receipt) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into receipts (id, entity, number, payment_id, content, issued_at) values ($1, $2, $3, $4, $5, $6)",
        receipt.id,
        entity,
        receipt.number,
        receipt.payment_id as _,
        Json(&receipt.content) as _,
        receipt.issued_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
