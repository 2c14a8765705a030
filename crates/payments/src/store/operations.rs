//! The SQL of operations.

use platform::{
    ids::{InstallmentId, OperationId, PaymentId, UserId},
    ports::gateway::GatewayName,
};
use sqlx::PgConnection;

use crate::{operation::Operation, superseded::Subject};

/// The payment that an operation is for.
pub(crate) async fn payment_of(db: &mut PgConnection, id: OperationId) -> sqlx::Result<Option<PaymentId>> {
    sqlx::query_scalar!(
        r#"select payment_id as "id: PaymentId" from payment_operations where id = $1"#,
        id as _
    )
    .fetch_optional(db)
    .await
}

/// Writes a new operation.
pub(crate) async fn insert(db: &mut PgConnection, operation: &Operation) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payment_operations (id, payment_id, refund_id, installment_id, gateway, task, charge_id,
                amount_minor, currency, payer, method, captures_later, is_payer_present, description, state, created_at,
                updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)",
        operation.id as _,
        operation.payment_id as _,
        operation.refund_id as _,
        operation.installment_id as _,
        operation.gateway as _,
        operation.task as _,
        operation.charge_id as _,
        operation.amount_minor,
        operation.currency as _,
        operation.payer,
        operation.method,
        operation.captures_later,
        operation.is_payer_present,
        operation.description,
        operation.state as _,
        operation.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

macro_rules! read {
    ($where:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Operation,
            r#"select o.id, o.payment_id, o.refund_id, o.installment_id, o.gateway, o.task, o.charge_id,
                      c.reference as "charge?", o.amount_minor, o.currency, o.payer, o.method, o.captures_later,
                      o.is_payer_present, o.description, o.state, o.reference, o.code, o.asked, o.refunded_minor,
                      o.disputed_minor, o.is_superseded, o.created_at, o.updated_at
                 from payment_operations o
                 left join payment_operations c on c.id = o.charge_id "# + $where,
            $($argument),*
        )
    };
}

/// An operation.
pub(crate) async fn find(db: &mut PgConnection, id: OperationId) -> sqlx::Result<Option<Operation>> {
    read!("where o.id = $1", id as _).fetch_optional(db).await
}

/// Holds an operation until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: OperationId) -> sqlx::Result<Option<Operation>> {
    read!("where o.id = $1 for update of o", id as _).fetch_optional(db).await
}

/// The charges of a payment that have come, newest first.
pub(crate) async fn refundable(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Vec<Operation>> {
    read!(
        "where o.payment_id = $1 and o.task = 'charge' and o.state = 'succeeded' and not o.is_superseded order by o.id desc
           for update of o",
        payment as _
    )
    .fetch_all(db)
    .await
}

/// The charge of a payment that came, or still may.
pub(crate) async fn live_charge(
    db: &mut PgConnection,
    payment: PaymentId,
) -> sqlx::Result<Option<Operation>> {
    read!(
        "where o.payment_id = $1 and o.task = 'charge' and o.state <> 'declined' and not o.is_superseded order by o.id desc limit 1
           for update of o",
        payment as _
    )
    .fetch_optional(db)
    .await
}

/// The charge that somebody's payment waits for.
pub(crate) async fn open_charge(
    db: &mut PgConnection,
    payer: UserId,
    subject: Subject,
) -> sqlx::Result<Option<Operation>> {
    let (booking, is_tip, package, part) = match subject {
        Subject::Booking(id) => (Some(id), false, None, None),
        Subject::Tip(id) => (Some(id), true, None, None),
        Subject::Credits(id) => (None, false, Some(id), None),
        Subject::Installment(id) => (None, false, None, Some(id)),
    };
    read!(
        "join payments p on p.id = o.payment_id and p.user_id = $1
         where o.task = 'charge' and o.state = 'started' and not o.is_superseded
           and case when $5::uuid is not null then o.installment_id = $5
                    else p.state = 'processing' and p.is_tip = $3
                         and (p.booking_id = $2 or p.booking_id is null and p.package_id = $4) end
         order by o.id desc limit 1",
        payer as _,
        booking as _,
        is_tip,
        package,
        part as _
    )
    .fetch_optional(db)
    .await
}

/// The charge of a part of a payment that came, or still may; held until the transaction ends.
pub(crate) async fn charge_of_part(
    db: &mut PgConnection,
    part: InstallmentId,
) -> sqlx::Result<Option<Operation>> {
    read!(
        "where o.installment_id = $1 and o.task = 'charge' and o.state <> 'declined' and not o.is_superseded
           for update of o",
        part as _
    )
    .fetch_optional(db)
    .await
}

/// Whether a charge is being captured or let go, or was.
pub(crate) async fn is_dealt_with(db: &mut PgConnection, charge: OperationId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from payment_operations
                           where charge_id = $1 and state <> 'declined'
                             and (task in ('capture', 'void') or task = 'refund' and refund_id is null)) as "found!""#,
        charge as _,
    )
    .fetch_one(db)
    .await
}

/// Whether a charge is still to be made, by what has become of its payment and its booking; and whether it is being
/// let go.
pub(crate) async fn is_wanted(db: &mut PgConnection, charge: OperationId) -> sqlx::Result<(bool, bool)> {
    let row = sqlx::query!(
        r#"select p.state <> 'cancelled' and not o.is_superseded
                  and (b.id is null or b.state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress', 'completed',
                                                    'disputed')
                       or b.contest_until is not null or coalesce(b.kept_minor, 0) > 0) as "is_wanted!",
                  exists (select from payment_operations v
                           where v.charge_id = o.id and v.task = 'void' and v.state in ('started', 'open'))
                      as "is_let_go!"
             from payment_operations o
             join payments p on p.id = o.payment_id
             left join bookings b on b.id = p.booking_id
            where o.id = $1"#,
        charge as _,
    )
    .fetch_one(db)
    .await?;
    Ok((row.is_wanted, row.is_let_go))
}

/// Writes what became of an operation.
pub(crate) async fn save(db: &mut PgConnection, operation: &Operation) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_operations set state = $2, reference = $3, code = $4, asked = $5, refunded_minor = $6,
                updated_at = $7, disputed_minor = $8, is_superseded = $9
          where id = $1",
        operation.id as _,
        operation.state as _,
        operation.reference,
        operation.code,
        operation.asked,
        operation.refunded_minor,
        operation.updated_at as _,
        operation.disputed_minor,
        operation.is_superseded,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The operation that a gateway calls so, and its payment.
pub(crate) async fn by_reference(
    db: &mut PgConnection,
    gateway: GatewayName,
    reference: &str,
) -> sqlx::Result<Option<(OperationId, PaymentId)>> {
    sqlx::query!(
        "select id, payment_id from payment_operations
          where gateway = $1 and reference = $2 and task in ('charge', 'refund')",
        gateway as _,
        reference,
    )
    .fetch_optional(db)
    .await
    .map(|row| row.map(|row| (row.id, row.payment_id)))
}
