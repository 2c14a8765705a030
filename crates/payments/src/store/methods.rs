//! The SQL of payers and the methods that they keep.

use platform::{
    ids::{MethodId, UserId},
    ports::gateway::{GatewayName, NewPayer, SavedMethod},
    time::Instant,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::method::KeptMethod;

/// Names of the gateway for a method that somebody keeps.
pub(crate) struct Kept {
    pub(crate) gateway: GatewayName,
    pub(crate) payer: String,
    pub(crate) reference: String,
}

/// A method that somebody keeps; without an id the usual one.
pub(crate) async fn kept(
    db: &mut PgConnection,
    user: UserId,
    id: Option<Uuid>,
) -> sqlx::Result<Option<Kept>> {
    sqlx::query_as!(
        Kept,
        "select m.gateway, p.reference as payer, m.reference
           from payment_methods m
           join payers p on p.user_id = m.user_id and p.gateway = m.gateway
          where m.user_id = $1 and (m.id = $2 or $2 is null and m.is_default)",
        user as _,
        id,
    )
    .fetch_optional(db)
    .await
}

/// All that somebody keeps, newest first.
pub(crate) async fn of_user(db: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<KeptMethod>> {
    sqlx::query_as!(
        KeptMethod,
        "select id, kind, brand, last4, exp_month, exp_year, is_default
           from payment_methods where user_id = $1 order by id desc",
        user as _,
    )
    .fetch_all(db)
    .await
}

/// Keeps a method; the first one is the usual one. The same again changes nothing but that.
pub(crate) async fn keep(
    db: &mut PgConnection,
    user: UserId,
    gateway: GatewayName,
    (payer, saved): (&str, &SavedMethod),
    is_default: bool,
    now: Instant,
) -> sqlx::Result<KeptMethod> {
    note_payer(&mut *db, user, gateway, payer).await?;
    if is_default {
        clear_default(&mut *db, user).await?;
    }
    sqlx::query_as!(
        KeptMethod,
        "insert into payment_methods (id, user_id, gateway, reference, kind, brand, last4, exp_month, exp_year,
                is_default, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9,
                 $10 or not exists (select from payment_methods where user_id = $2 and is_default), $11)
         on conflict (gateway, reference) do update
            set is_default = excluded.is_default or payment_methods.is_default
         returning id, kind, brand, last4, exp_month, exp_year, is_default",
        MethodId::at(now) as _,
        user as _,
        gateway as _,
        saved.reference,
        saved.kind,
        saved.brand,
        saved.last4,
        saved.exp_month,
        saved.exp_year,
        is_default,
        now as _,
    )
    .fetch_one(db)
    .await
}

/// The gateway's names for a method that somebody keeps; held until the transaction ends.
pub(crate) async fn lock(
    db: &mut PgConnection,
    user: UserId,
    id: MethodId,
) -> sqlx::Result<Option<(GatewayName, String)>> {
    sqlx::query!(
        "select gateway, reference from payment_methods where user_id = $1 and id = $2 for update",
        user as _,
        id as _,
    )
    .fetch_optional(db)
    .await
    .map(|row| row.map(|row| (row.gateway, row.reference)))
}

/// Whether a payment that is still to come uses a method.
pub(crate) async fn is_used(db: &mut PgConnection, user: UserId, reference: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from payments
                           where user_id = $1 and method = $2
                             and state in ('processing', 'requires_action', 'scheduled')) as "found!""#,
        user as _,
        reference,
    )
    .fetch_one(db)
    .await
}

/// Forgets a method; where it was the usual one, the newest of the others becomes that.
pub(crate) async fn delete(db: &mut PgConnection, user: UserId, id: MethodId) -> sqlx::Result<()> {
    sqlx::query!("delete from payment_methods where id = $1", id as _).execute(&mut *db).await?;
    sqlx::query!(
        "update payment_methods set is_default = true
          where id = (select id from payment_methods where user_id = $1 order by id desc limit 1)
            and not exists (select from payment_methods where user_id = $1 and is_default)",
        user as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// No method of somebody is the usual one.
pub(crate) async fn clear_default(db: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_methods set is_default = false where user_id = $1 and is_default",
        user as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A method becomes the usual one.
pub(crate) async fn make_default(db: &mut PgConnection, id: MethodId) -> sqlx::Result<KeptMethod> {
    sqlx::query_as!(
        KeptMethod,
        "update payment_methods set is_default = true where id = $1
         returning id, kind, brand, last4, exp_month, exp_year, is_default",
        id as _,
    )
    .fetch_one(db)
    .await
}

/// Who somebody is to a gateway.
pub(crate) async fn payer(
    db: &mut PgConnection,
    user: UserId,
    gateway: GatewayName,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select reference from payers where user_id = $1 and gateway = $2",
        user as _,
        gateway as _
    )
    .fetch_optional(db)
    .await
}

/// Who somebody is to us, for a gateway that does not know them yet.
pub(crate) async fn person(db: &mut PgConnection, user: UserId) -> sqlx::Result<NewPayer> {
    sqlx::query!("select email, name from users where id = $1", user as _)
        .fetch_one(db)
        .await
        .map(|row| NewPayer { user, email: row.email, name: row.name })
}

/// Notes who somebody is to a gateway.
pub(crate) async fn note_payer(
    db: &mut PgConnection,
    user: UserId,
    gateway: GatewayName,
    reference: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payers (user_id, gateway, reference) values ($1, $2, $3)
         on conflict (user_id, gateway) do update set reference = excluded.reference",
        user as _,
        gateway as _,
        reference,
    )
    .execute(db)
    .await?;
    Ok(())
}
