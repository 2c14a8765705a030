//! The SQL of payout accounts.

use platform::{ids::UserId, money::Currency, ports::gateway::GatewayName, time::Instant};
use sqlx::PgConnection;

use crate::account::Account;

/// A provider's account.
pub(crate) async fn find(db: &mut PgConnection, provider: UserId) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        "select provider_id, gateway, reference, status, requirements, country, email, schedule, next_at, version,
                created_at, updated_at
           from payout_accounts where provider_id = $1",
        provider as _,
    )
    .fetch_optional(db)
    .await
}

/// A provider's account, kept from others until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, provider: UserId) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        "select provider_id, gateway, reference, status, requirements, country, email, schedule, next_at, version,
                created_at, updated_at
           from payout_accounts where provider_id = $1 for update",
        provider as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes an account, new or changed.
pub(crate) async fn save(db: &mut PgConnection, account: &Account) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payout_accounts (provider_id, gateway, reference, status, requirements, country, email, schedule,
                next_at, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (provider_id) do update
            set gateway = $2, reference = $3, status = $4, requirements = $5, country = $6, email = $7, schedule = $8,
                next_at = $9, version = $10, updated_at = $12",
        account.provider_id as _,
        account.gateway as _,
        account.reference,
        account.status as _,
        &account.requirements,
        account.country,
        account.email,
        account.schedule as _,
        account.next_at as _,
        account.version,
        account.created_at as _,
        account.updated_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whose account it is.
pub(crate) async fn holder(
    db: &mut PgConnection,
    gateway: GatewayName,
    reference: &str,
) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "select provider_id from payout_accounts where reference = $2 and gateway = $1",
        gateway as _,
        reference,
    )
    .fetch_optional(db)
    .await
}

/// Those whose day has come.
pub(crate) async fn due(db: &mut PgConnection, now: Instant) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        "select provider_id from payout_accounts where next_at <= $1 order by next_at limit 1000",
        now as _,
    )
    .fetch_all(db)
    .await
}

/// Where a provider is, as their schedule says, else their profile.
pub(crate) async fn timezone(db: &mut PgConnection, provider: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        r#"select coalesce(s.timezone, u.timezone) as "timezone!"
             from users u left join schedules s on s.provider_id = u.id where u.id = $1"#,
        provider as _,
    )
    .fetch_one(db)
    .await
}

/// The mail address of a provider.
pub(crate) async fn email(db: &mut PgConnection, provider: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar!("select email from users where id = $1", provider as _).fetch_one(db).await
}

/// The currency of a provider's business.
pub(crate) async fn currency(db: &mut PgConnection, provider: UserId) -> sqlx::Result<Currency> {
    sqlx::query_scalar!(
        r#"select currency as "currency: Currency" from providers where user_id = $1"#,
        provider as _
    )
    .fetch_one(db)
    .await
}
