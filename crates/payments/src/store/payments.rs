//! The SQL of payments themselves.

use platform::ids::{BookingId, CategoryId, PaymentId, ServiceId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::model::Payment;

/// Of which kind a service is.
pub(crate) async fn category_of(db: &mut PgConnection, service: ServiceId) -> sqlx::Result<CategoryId> {
    sqlx::query_scalar!(
        r#"select category_id as "category_id: CategoryId" from services where id = $1"#,
        service as _
    )
    .fetch_one(db)
    .await
}

/// The booking of a payment, if it has one.
pub(crate) async fn booking_of(db: &mut PgConnection, id: PaymentId) -> sqlx::Result<Option<BookingId>> {
    let found = sqlx::query_scalar!(
        r#"select booking_id as "booking_id: BookingId" from payments where id = $1"#,
        id as _
    );
    found.fetch_optional(db).await.map(Option::flatten)
}

/// Whose money a payment is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct People {
    pub(crate) payer: UserId,
    /// Who earns it; nobody earns credits that are bought.
    pub(crate) provider: Option<UserId>,
}

impl People {
    pub(crate) fn all(self) -> impl Iterator<Item = UserId> {
        std::iter::once(self.payer).chain(self.provider)
    }
}

/// Whose money it is.
pub(crate) async fn people(db: &mut PgConnection, id: PaymentId) -> sqlx::Result<Option<People>> {
    sqlx::query_as!(
        People,
        r#"select p.user_id as payer, b.provider_id as "provider?: UserId"
             from payments p left join bookings b on b.id = p.booking_id where p.id = $1"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// What a payment is for, in words.
pub(crate) async fn title_of(db: &mut PgConnection, id: PaymentId) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        r#"select coalesce(b.service_title, c.name ->> u.language, c.name ->> 'en', '') as "title!"
             from payments p
             join users u on u.id = p.user_id
             left join bookings b on b.id = p.booking_id
             left join credit_packages c on c.id = p.package_id
            where p.id = $1"#,
        id as _,
    )
    .fetch_one(db)
    .await
}

/// Holds a payment until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: PaymentId) -> sqlx::Result<Option<Payment>> {
    sqlx::query_as!(
        Payment,
        "select id, booking_id, package_id, user_id, amount_minor, currency, payment_method, payment_type, gateway, state,
                is_tip, fee_minor, fee_is_refundable, promo_id, discount_minor, subsidy_minor,
                credits_minor, captured_minor, refunded_minor, disputed_minor, earned_minor, failure_code, sealed_action,
                payer, method, closed_at, overdue_at, created_at, updated_at
           from payments where id = $1 for update",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// The payment by which a booking is paid, or is going to be; held until the transaction ends.
pub(crate) async fn lock_live(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<Option<Payment>> {
    sqlx::query_as!(
        Payment,
        "select id, booking_id, package_id, user_id, amount_minor, currency, payment_method, payment_type, gateway, state,
                is_tip, fee_minor, fee_is_refundable, promo_id, discount_minor, subsidy_minor,
                credits_minor, captured_minor, refunded_minor, disputed_minor, earned_minor, failure_code, sealed_action,
                payer, method, closed_at, overdue_at, created_at, updated_at
           from payments where booking_id = $1 and state not in ('disputed', 'failed', 'cancelled') and not is_tip for update",
        booking as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes a new payment.
pub(crate) async fn insert(db: &mut PgConnection, payment: &Payment) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payments (id, booking_id, package_id, user_id, amount_minor, currency, payment_method, payment_type,
                gateway, state, status, credits_minor, payer, method, created_at, updated_at, is_tip, fee_minor,
                fee_is_refundable, promo_id, discount_minor, subsidy_minor)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16, $17, $18, $19, $20, $21)",
        payment.id as _,
        payment.booking_id as _,
        payment.package_id,
        payment.user_id as _,
        payment.amount_minor,
        payment.currency as _,
        payment.payment_method as _,
        payment.payment_type as _,
        payment.gateway as _,
        payment.state as _,
        payment.status() as _,
        payment.credits_minor,
        payment.payer,
        payment.method,
        payment.created_at as _,
        payment.is_tip,
        payment.fee_minor,
        payment.fee_is_refundable,
        payment.promo_id as _,
        payment.discount_minor,
        payment.subsidy_minor,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what happened to a payment.
pub(crate) async fn save(db: &mut PgConnection, payment: &Payment) -> sqlx::Result<()> {
    sqlx::query!(
        "update payments set state = $2, status = $3, captured_minor = $4, refunded_minor = $5, disputed_minor = $6,
                failure_code = $7, sealed_action = $8, payer = $9, method = $10, closed_at = $11, updated_at = $12,
                credits_minor = $13, earned_minor = $14, overdue_at = $15
          where id = $1",
        payment.id as _,
        payment.state as _,
        payment.status() as _,
        payment.captured_minor,
        payment.refunded_minor,
        payment.disputed_minor,
        payment.failure_code,
        payment.sealed_action,
        payment.payer,
        payment.method,
        payment.closed_at as _,
        payment.updated_at as _,
        payment.credits_minor,
        payment.earned_minor,
        payment.overdue_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The tip for a booking that is on its way, or waits for its payer; held until the transaction ends.
pub(crate) async fn lock_open_tip(
    db: &mut PgConnection,
    booking: BookingId,
) -> sqlx::Result<Option<Payment>> {
    let id = sqlx::query_scalar!(
        r#"select id as "id: PaymentId" from payments
            where booking_id = $1 and is_tip and state in ('processing', 'requires_action')"#,
        booking as _
    );
    match id.fetch_optional(&mut *db).await? {
        Some(id) => lock(db, id).await,
        None => Ok(None),
    }
}

/// The purchase of a package that is on its way; held until the transaction ends.
pub(crate) async fn lock_purchase(
    db: &mut PgConnection,
    user: UserId,
    package: Uuid,
) -> sqlx::Result<Option<Payment>> {
    let id = sqlx::query_scalar!(
        r#"select id as "id: PaymentId" from payments
            where user_id = $1 and package_id = $2 and booking_id is null and state = 'processing'"#,
        user as _,
        package
    );
    match id.fetch_optional(&mut *db).await? {
        Some(id) => lock(db, id).await,
        None => Ok(None),
    }
}

/// The payments of a booking that banks took back before the job, the oldest first.
pub(crate) async fn disputed(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<Vec<PaymentId>> {
    sqlx::query_scalar!(
        r#"select id as "id: PaymentId" from payments where booking_id = $1 and state = 'disputed' order by id"#,
        booking as _
    )
    .fetch_all(db)
    .await
}

/// Whether a booking is paid, or going to be, by another payment than one that a bank took back.
pub(crate) async fn has_live(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from payments where booking_id = $1 and not is_tip
                             and state not in ('disputed', 'failed', 'cancelled')) as "found!""#,
        booking as _
    )
    .fetch_one(db)
    .await
}

/// What was given as tips for a booking and has not gone back, or is on its way. The caller holds the booking.
pub(crate) async fn tips_of(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select coalesce(sum(amount_minor - refunded_minor), 0)::bigint as "given!" from payments
            where booking_id = $1 and is_tip and state not in ('failed', 'cancelled')"#,
        booking as _
    )
    .fetch_one(db)
    .await
}
