//! The SQL of credits.

use platform::{
    ids::{BookingId, LotId, PaymentId, UserId},
    locale::Language,
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{FromRow, PgConnection, QueryBuilder};
use uuid::Uuid;

use crate::{
    credits::{CreditKind, HeldLot, Lot, Movement, Package},
    dispute::Bought,
};

/// The packages that can be bought.
pub(crate) async fn packages(db: &mut PgConnection, language: Language) -> sqlx::Result<Vec<Package>> {
    sqlx::query_as!(
        Package,
        r#"select id, coalesce(name ->> $1, name ->> 'en') as "name!", credits_minor, bonus_minor, price_minor,
                  valid_days
             from credit_packages where is_active order by position"#,
        language.code(),
    )
    .fetch_all(db)
    .await
}

/// The package that a payment buys.
pub(crate) async fn package_of(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Option<Package>> {
    sqlx::query_as!(
        Package,
        r#"select c.id, coalesce(c.name ->> u.language, c.name ->> 'en') as "name!", c.credits_minor, c.bonus_minor,
                  c.price_minor, c.valid_days
             from payments p
             join users u on u.id = p.user_id
             join credit_packages c on c.id = p.package_id
            where p.id = $1"#,
        payment as _,
    )
    .fetch_optional(db)
    .await
}

/// Notes something that happened to somebody's credits.
pub(crate) async fn note_movement(
    db: &mut PgConnection,
    movement: &Movement,
    balance: i64,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into credit_transactions (id, user_id, kind, amount_minor, description, booking_id, balance_after_minor,
                created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        Uuid::from(PaymentId::at(now)),
        movement.user as _,
        movement.kind as _,
        movement.minor,
        movement.description,
        movement.booking as _,
        balance,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Adds to somebody's credits, or takes from them, and notes it; the wallet is held until the transaction ends. Never
/// below nothing: `credit_wallets_funds`.
pub(crate) async fn move_credits(
    db: &mut PgConnection,
    movement: &Movement,
    now: Instant,
) -> sqlx::Result<()> {
    lock_wallet(&mut *db, movement.user).await?;
    let balance = sqlx::query_scalar!(
        "update credit_wallets set balance_minor = balance_minor + $2 where user_id = $1 returning balance_minor",
        movement.user as _,
        movement.minor,
    )
    .fetch_one(&mut *db)
    .await?;
    note_movement(db, movement, balance, now).await
}

/// Somebody's wallet, made where there is none; held until the transaction ends.
pub(crate) async fn lock_wallet(db: &mut PgConnection, user: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "insert into credit_wallets as w (user_id, balance_minor) values ($1, 0)
         on conflict (user_id) do update set balance_minor = w.balance_minor returning balance_minor",
        user as _,
    )
    .fetch_one(db)
    .await
}

/// Writes a new lot.
pub(crate) async fn insert_lot(db: &mut PgConnection, lot: &Lot) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into credit_lots (id, user_id, payment_id, is_granted, bonus_minor, expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        lot.id as _,
        lot.user_id as _,
        lot.payment_id as _,
        lot.is_granted,
        lot.bonus_minor,
        lot.expires_at as _,
        lot.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Lots that can be spent, in the order in which they are.
pub(crate) async fn spendable(db: &mut PgConnection, user: UserId, now: Instant) -> sqlx::Result<Vec<LotId>> {
    sqlx::query_scalar!(
        r#"select id as "id: LotId" from credit_lots
            where user_id = $1 and expires_at > $2 order by expires_at, is_granted desc, id"#,
        user as _,
        now as _,
    )
    .fetch_all(db)
    .await
}

/// A payment takes so much of a lot.
pub(crate) async fn use_lot(
    db: &mut PgConnection,
    payment: PaymentId,
    lot: LotId,
    minor: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into credit_uses (payment_id, lot_id, amount_minor) values ($1, $2, $3)",
        payment as _,
        lot as _,
        minor,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a payment took and has not given back, the latest expiry first.
pub(crate) async fn uses(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Vec<(LotId, i64)>> {
    sqlx::query!(
        r#"select u.lot_id as "lot: LotId", u.amount_minor - u.returned_minor as "room!"
             from credit_uses u
             join credit_lots l on l.id = u.lot_id
            where u.payment_id = $1 order by l.expires_at desc, l.id desc"#,
        payment as _,
    )
    .fetch_all(db)
    .await
    .map(|rows| rows.into_iter().map(|row| (row.lot, row.room)).collect())
}

/// A payment gives so much back to a lot.
pub(crate) async fn return_to_lot(
    db: &mut PgConnection,
    payment: PaymentId,
    lot: LotId,
    minor: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update credit_uses set returned_minor = returned_minor + $3 where payment_id = $1 and lot_id = $2",
        payment as _,
        lot as _,
        minor,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A lot can be spent until then at least; until when it can.
pub(crate) async fn extend(db: &mut PgConnection, lot: LotId, at_least: Instant) -> sqlx::Result<Instant> {
    sqlx::query_scalar!(
        "update credit_lots set expires_at = greatest(expires_at, $2) where id = $1 returning expires_at",
        lot as _,
        at_least as _,
    )
    .fetch_one(db)
    .await
}

/// Until when a lot can be spent.
pub(crate) async fn expires_at(db: &mut PgConnection, lot: LotId) -> sqlx::Result<Option<Instant>> {
    sqlx::query_scalar!("select expires_at from credit_lots where id = $1", lot as _).fetch_optional(db).await
}

/// Whose a lot is.
pub(crate) async fn owner(db: &mut PgConnection, lot: LotId) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(r#"select user_id as "id: UserId" from credit_lots where id = $1"#, lot as _)
        .fetch_optional(db)
        .await
}

/// Somebody's lot.
pub(crate) async fn lot(db: &mut PgConnection, user: UserId, id: LotId) -> sqlx::Result<Option<Lot>> {
    sqlx::query_as!(
        Lot,
        r#"select id, user_id, payment_id as "payment_id: PaymentId", is_granted, bonus_minor, expires_at, created_at
             from credit_lots where user_id = $1 and id = $2"#,
        user as _,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Somebody's lots that have something on them, or the one of these that is named, in the order in which they are spent.
pub(crate) async fn held(
    db: &mut PgConnection,
    user: UserId,
    only: Option<LotId>,
) -> sqlx::Result<Vec<HeldLot>> {
    sqlx::query_as!(
        HeldLot,
        r#"select l.id as "id!", l.is_granted as "is_granted!", b.balance as "left_minor!", l.bonus_minor as "bonus_minor!",
                  p.captured_minor - p.refunded_minor - p.disputed_minor as kept_minor,
                  coalesce(c.name ->> u.language, c.name ->> 'en') as description, l.expires_at as "expires_at!",
                  l.created_at as "created_at!"
             from credit_lots l
             join users u on u.id = l.user_id
             join ledger_balances b on b.owner = l.user_id and b.purpose = 'credits' and b.part = l.id::text
             left join payments p on p.id = l.payment_id and p.package_id is not null
             left join credit_packages c on c.id = p.package_id
            where l.user_id = $1 and ($2::uuid is null or l.id = $2) and b.balance > 0
            order by l.expires_at, l.is_granted desc, l.id"#,
        user as _,
        only as _,
    )
    .fetch_all(db)
    .await
}

/// So much of what is on a lot was given on top.
pub(crate) async fn set_bonus(db: &mut PgConnection, lot: LotId, minor: i64) -> sqlx::Result<()> {
    sqlx::query!("update credit_lots set bonus_minor = $2 where id = $1", lot as _, minor)
        .execute(db)
        .await?;
    Ok(())
}

/// The lot that a payment bought. Others of the same payment stand for refunds that no gateway could bring.
pub(crate) async fn bought(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Option<Bought>> {
    sqlx::query_as!(
        Bought,
        r#"select l.id as "lot!", l.user_id as "user!", coalesce(b.balance, 0) as "left_minor!",
                  l.bonus_minor as "bonus_minor!", coalesce(c.name ->> u.language, c.name ->> 'en') as "description!"
             from credit_lots l
             join users u on u.id = l.user_id
             join payments p on p.id = l.payment_id
             join credit_packages c on c.id = p.package_id
             left join ledger_balances b on b.owner = l.user_id and b.purpose = 'credits' and b.part = l.id::text
            where l.payment_id = $1 order by l.id limit 1"#,
        payment as _,
    )
    .fetch_optional(db)
    .await
}

/// A line of somebody's credits.
#[derive(FromRow)]
pub(crate) struct CreditLine {
    pub(crate) id: Uuid,
    pub(crate) kind: CreditKind,
    pub(crate) amount_minor: i64,
    pub(crate) description: String,
    pub(crate) booking_id: Option<BookingId>,
    pub(crate) balance_after_minor: i64,
    /// In the order in which it happened.
    pub(crate) number: i64,
    pub(crate) created_at: Instant,
}

#[derive(FromRow)]
struct Listed {
    #[sqlx(flatten)]
    line: CreditLine,
    total: i64,
}

/// One page of what happened to somebody's credits, newest first, and the bounded count.
pub(crate) async fn lines(
    db: &mut PgConnection,
    user: UserId,
    paging: &Paging<i64>,
) -> sqlx::Result<(Vec<CreditLine>, i64)> {
    let direction = paging.direction(Order::Descending);
    let mut query = QueryBuilder::new(
        "select t.*, (select count(*) from (select 1 from credit_transactions where user_id = ",
    );
    query.push_bind(user).push(" limit 1001) n) as total from credit_transactions t where t.user_id = ");
    query.push_bind(user);
    if let Some(&number) = paging.key() {
        query.push(" and t.number ").push(paging.comparison(Order::Descending)).push(" ").push_bind(number);
    }
    query.push(" order by t.number ").push(direction);
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    let rows: Vec<Listed> = query.build_query_as().fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.line).collect(), total))
}
