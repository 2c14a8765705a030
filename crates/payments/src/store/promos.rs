//! The SQL of promotion codes.

use platform::{
    ids::{LotId, PaymentId, PromoId, UserId},
    locale::Language,
    money::Currency,
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    model::Payment,
    promo::{Gift, Past, Promo},
};

struct Row {
    id: PromoId,
    code: String,
    provider_id: Option<UserId>,
    referrer_id: Option<UserId>,
    currency: Currency,
    percent_bps: Option<i32>,
    amount_minor: Option<i64>,
    at_most_minor: Option<i64>,
    from_minor: i64,
    is_for_new: bool,
    budget_minor: Option<i64>,
    used_minor: i64,
    starts_at: Instant,
    ends_at: Option<Instant>,
    created_by: UserId,
    created_at: Instant,
}

impl From<Row> for Promo {
    fn from(row: Row) -> Self {
        let share = row.percent_bps.and_then(|bps| u16::try_from(bps).ok()).map(Gift::Share);
        Self {
            id: row.id,
            code: row.code,
            provider_id: row.provider_id,
            referrer_id: row.referrer_id,
            currency: row.currency,
            gift: share.unwrap_or(Gift::Amount(row.amount_minor.unwrap_or_default())),
            at_most_minor: row.at_most_minor,
            from_minor: row.from_minor,
            is_for_new: row.is_for_new,
            budget_minor: row.budget_minor,
            used_minor: row.used_minor,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}

/// A code, held until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, code: &str) -> sqlx::Result<Option<Promo>> {
    sqlx::query_as!(
        Row,
        "select id, code, provider_id, referrer_id, currency, percent_bps, amount_minor, at_most_minor, from_minor,
                is_for_new, budget_minor, used_minor, starts_at, ends_at, created_by, created_at
           from promo_codes where code = $1 for update",
        code,
    )
    .fetch_optional(db)
    .await
    .map(|row| row.map(Promo::from))
}

/// The codes of a provider, or ours, newest first; a hundred at most. Not those of friends.
pub(crate) async fn list(db: &mut PgConnection, provider: Option<UserId>) -> sqlx::Result<Vec<Promo>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, code, provider_id, referrer_id, currency, percent_bps, amount_minor, at_most_minor, from_minor,
                is_for_new, budget_minor, used_minor, starts_at, ends_at, created_by, created_at
           from promo_codes where provider_id is not distinct from $1 and referrer_id is null
          order by id desc limit 1001",
        provider as _,
    );
    rows.fetch_all(db).await.map(|rows| rows.into_iter().map(Promo::from).collect())
}

/// Writes a new code.
pub(crate) async fn insert(db: &mut PgConnection, promo: &Promo) -> sqlx::Result<()> {
    let (amount, share) = match promo.gift {
        Gift::Amount(minor) => (Some(minor), None),
        Gift::Share(bps) => (None, Some(i32::from(bps))),
    };
    sqlx::query!(
        "insert into promo_codes (id, code, provider_id, referrer_id, currency, percent_bps, amount_minor, at_most_minor,
                from_minor, is_for_new, budget_minor, starts_at, ends_at, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        promo.id as _,
        promo.code,
        promo.provider_id as _,
        promo.referrer_id as _,
        promo.currency as _,
        share,
        amount,
        promo.at_most_minor,
        promo.from_minor,
        promo.is_for_new,
        promo.budget_minor,
        promo.starts_at as _,
        promo.ends_at as _,
        promo.created_by as _,
        promo.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes the code for somebody's friends, unless there is one.
pub(crate) async fn insert_referral(db: &mut PgConnection, promo: &Promo) -> sqlx::Result<()> {
    match insert(db, promo).await {
        Err(error)
            if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) =>
        {
            Ok(())
        }
        written => written,
    }
}

/// Ends a code of a provider, or of ours; `false` where there is none that could end.
pub(crate) async fn end(
    db: &mut PgConnection,
    id: PromoId,
    provider: Option<UserId>,
    now: Instant,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update promo_codes set ends_at = $3
          where id = $1 and provider_id is not distinct from $2 and referrer_id is null
            and (ends_at is null or ends_at > $3)",
        id as _,
        provider as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The code for somebody's friends.
pub(crate) async fn of_referrer(db: &mut PgConnection, user: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select code from promo_codes where referrer_id = $1", user as _)
        .fetch_optional(db)
        .await
}

/// How many bookings somebody's friends have paid with their code and had done.
pub(crate) async fn friends(db: &mut PgConnection, user: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from promo_codes c
             join promo_uses u on u.promo_id = c.id and not u.is_released
             join payments p on p.id = u.payment_id and p.earned_minor > 0
            where c.referrer_id = $1"#,
        user as _,
    )
    .fetch_one(db)
    .await
}

/// Lets one payment of somebody with a code for new customers follow the other, whatever the codes are.
pub(crate) async fn lock_customer(db: &mut PgConnection, customer: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('new_customer:' || $1::uuid, 0))",
        customer as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Somebody's reward for a friend's booking, and their language.
pub(crate) struct Reward {
    pub(crate) user: UserId,
    pub(crate) lot: LotId,
    pub(crate) language: Language,
}

/// Notes which credits thanked somebody.
pub(crate) async fn set_reward(db: &mut PgConnection, payment: PaymentId, lot: LotId) -> sqlx::Result<()> {
    sqlx::query!("update promo_uses set reward_lot_id = $2 where payment_id = $1", payment as _, lot as _)
        .execute(db)
        .await?;
    Ok(())
}

/// The reward that a payment caused; once, and another may follow.
pub(crate) async fn reclaim_reward(
    db: &mut PgConnection,
    payment: PaymentId,
) -> sqlx::Result<Option<Reward>> {
    sqlx::query_as!(
        Reward,
        r#"update promo_uses u set is_thanked = false, reward_lot_id = null
             from credit_lots l
             join users r on r.id = l.user_id
            where u.payment_id = $1 and l.id = u.reward_lot_id
        returning l.user_id as "user: UserId", l.id as "lot: LotId", r.language as "language: Language""#,
        payment as _
    )
    .fetch_optional(db)
    .await
}

/// What somebody has done before.
pub(crate) async fn past(db: &mut PgConnection, promo: PromoId, user: UserId) -> sqlx::Result<Past> {
    sqlx::query_as!(
        Past,
        r#"select exists (select from promo_uses where promo_id = $1 and user_id = $2 and not is_released) as "has_used!",
                  exists (select from payments
                           where user_id = $2
                             and (state in ('processing', 'requires_action', 'authorized', 'scheduled')
                                  or captured_minor - refunded_minor > case when fee_is_refundable then 0 else fee_minor end))
                      as "has_paid!""#,
        promo as _,
        user as _,
    )
    .fetch_one(db)
    .await
}

/// A payment uses a code, which is locked.
pub(crate) async fn take(db: &mut PgConnection, promo: PromoId, payment: &Payment) -> sqlx::Result<()> {
    sqlx::query!(
        "with used as (
             insert into promo_uses (payment_id, promo_id, user_id, discount_minor, created_at) values ($2, $1, $3, $4, $5)
         )
         update promo_codes set used_minor = used_minor + $4 where id = $1",
        promo as _,
        payment.id as _,
        payment.user_id as _,
        payment.discount_minor,
        payment.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A payment does not use its code after all.
pub(crate) async fn release(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<()> {
    sqlx::query!(
        "with released as (
             update promo_uses set is_released = true where payment_id = $1 and not is_released
             returning promo_id, discount_minor
         )
         update promo_codes c set used_minor = used_minor - discount_minor from released r where c.id = r.promo_id",
        payment as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whose code a payment used, and their language; once.
pub(crate) async fn thank(
    db: &mut PgConnection,
    payment: PaymentId,
) -> sqlx::Result<Option<(UserId, Language)>> {
    let row = sqlx::query!(
        r#"update promo_uses u set is_thanked = true
             from promo_codes c
             join users r on r.id = c.referrer_id
            where c.id = u.promo_id and u.payment_id = $1 and not u.is_released and not u.is_thanked
              and r.state = 'active'
        returning c.referrer_id as "referrer!: UserId", r.language as "language: Language""#,
        payment as _,
    );
    row.fetch_optional(db).await.map(|row| row.map(|row| (row.referrer, row.language)))
}
