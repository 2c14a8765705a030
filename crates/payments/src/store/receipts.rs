//! The SQL of receipts and credit notes.

use platform::{
    ids::{PaymentId, RefundId},
    time::Instant,
};
use sqlx::{PgConnection, types::Json};

use crate::receipt::{Content, Receipt, Returned};

/// The receipt of a payment and its credit notes, in the order of their numbers.
pub(crate) async fn of_payment(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Vec<Receipt>> {
    let rows = sqlx::query!(
        r#"select id, entity, number, refund_id as "refund_id: RefundId", content as "content: Json<Content>",
                  issued_at as "issued_at: Instant"
             from receipts where payment_id = $1 order by refund_id is not null, number"#,
        payment as _,
    )
    .fetch_all(db)
    .await?;
    let receipts = rows.into_iter().map(|row| Receipt {
        id: row.id,
        entity: row.entity,
        number: row.number,
        payment_id: payment,
        refund_id: row.refund_id,
        content: row.content.0,
        issued_at: row.issued_at,
    });
    Ok(receipts.collect())
}

/// What has gone back of a payment, or is about to, without a credit note.
pub(crate) async fn without_note(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Vec<Returned>> {
    sqlx::query_as!(
        Returned,
        r#"select r.id as "id: RefundId", r.amount_minor, r.credits_minor, r.reason from refunds r
            where r.payment_id = $1 and not exists (select from receipts c where c.refund_id = r.id)
            order by r.id"#,
        payment as _,
    )
    .fetch_all(db)
    .await
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

/// Writes a receipt or a credit note.
pub(crate) async fn insert(db: &mut PgConnection, receipt: &Receipt) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into receipts (id, entity, number, payment_id, refund_id, content, issued_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        receipt.id,
        receipt.entity,
        receipt.number,
        receipt.payment_id as _,
        receipt.refund_id as _,
        Json(&receipt.content) as _,
        receipt.issued_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
