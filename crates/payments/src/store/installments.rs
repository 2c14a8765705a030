//! The SQL of instalments.

use platform::{
    ids::{InstallmentId, PaymentId},
    time::Instant,
};
use sqlx::PgConnection;

use crate::installment::Installment;

/// Writes the parts of a new payment.
pub(crate) async fn insert(db: &mut PgConnection, parts: &[Installment]) -> sqlx::Result<()> {
    for part in parts {
        sqlx::query!(
            "insert into payment_installments (id, payment_id, number, amount_minor, due_date, state, failures)
             values ($1, $2, $3, $4, $5, $6, $7)",
            part.id as _,
            part.payment_id as _,
            part.number,
            part.amount_minor,
            part.due_date as _,
            part.state as _,
            part.failures,
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// The payment that an instalment is a part of.
pub(crate) async fn payment_of(db: &mut PgConnection, id: InstallmentId) -> sqlx::Result<Option<PaymentId>> {
    sqlx::query_scalar!(
        r#"select payment_id as "id: PaymentId" from payment_installments where id = $1"#,
        id as _
    )
    .fetch_optional(db)
    .await
}

/// An instalment; held until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: InstallmentId) -> sqlx::Result<Option<Installment>> {
    sqlx::query_as!(
        Installment,
        "select id, payment_id, number, amount_minor, due_date, state, failures
           from payment_installments where id = $1 for update",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// An instalment has been charged.
pub(crate) async fn paid(db: &mut PgConnection, id: InstallmentId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_installments set state = 'paid', paid_at = $2 where id = $1",
        id as _,
        now as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An instalment has been charged in vain.
pub(crate) async fn save(db: &mut PgConnection, part: &Installment) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_installments set state = $2, failures = $3 where id = $1",
        part.id as _,
        part.state as _,
        part.failures,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The first part that is not paid yet; held until the transaction ends.
pub(crate) async fn lock_first_open(
    db: &mut PgConnection,
    payment: PaymentId,
) -> sqlx::Result<Option<Installment>> {
    sqlx::query_as!(
        Installment,
        "select id, payment_id, number, amount_minor, due_date, state, failures
           from payment_installments where payment_id = $1 and state in ('pending', 'failed', 'overdue')
          order by number limit 1 for update",
        payment as _,
    )
    .fetch_optional(db)
    .await
}

/// Only so much of a part is still wanted, on another day; the rest of it will not be.
pub(crate) async fn reduce(
    db: &mut PgConnection,
    part: &Installment,
    dropped: &Installment,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with dropped as (
             insert into payment_installments (id, payment_id, number, amount_minor, due_date, state, failures)
             select $5, payment_id, $6, $7, due_date, 'cancelled', 0 from payment_installments where id = $1 and $7::bigint > 0
         )
         update payment_installments set amount_minor = $2, due_date = $3, failures = 0, state = $4 where id = $1",
        part.id as _,
        part.amount_minor,
        part.due_date as _,
        part.state as _,
        dropped.id as _,
        dropped.number,
        dropped.amount_minor,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is not paid yet will not be.
pub(crate) async fn drop_open(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_installments set state = 'cancelled' where payment_id = $1 and state <> 'paid'",
        payment as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is not paid of a payment yet; held until the transaction ends.
pub(crate) async fn lock_open(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Vec<Installment>> {
    sqlx::query_as!(
        Installment,
        "select id, payment_id, number, amount_minor, due_date, state, failures
           from payment_installments
          where payment_id = $1 and state not in ('paid', 'cancelled') order by number for update",
        payment as _,
    )
    .fetch_all(db)
    .await
}

/// Whether a charge of it came, or still may.
pub(crate) async fn is_being_charged(db: &mut PgConnection, id: InstallmentId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from payment_operations
                           where installment_id = $1 and task = 'charge' and state <> 'declined'
                             and not is_superseded) as "found!""#,
        id as _,
    )
    .fetch_one(db)
    .await
}
