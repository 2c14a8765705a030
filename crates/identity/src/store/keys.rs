//! The keys that sign access tokens.

use platform::time::Instant;
use sqlx::{PgConnection, PgPool};

/// A key that signs.
pub struct SigningKey {
    pub kid: String,
    pub sealed: Vec<u8>,
}

/// A key that verifies.
pub struct PublicKey {
    pub kid: String,
    pub public: Vec<u8>,
    pub retired_at: Option<Instant>,
}

/// The key that signs now.
pub async fn newest(db: &mut PgConnection) -> sqlx::Result<Option<SigningKey>> {
    sqlx::query_as!(
        SigningKey,
        "select kid, sealed from signing_keys where retired_at is null order by created_at desc, kid limit 1"
    )
    .fetch_optional(db)
    .await
}

/// When it was made.
pub async fn newest_age(db: &PgPool) -> sqlx::Result<Option<Instant>> {
    sqlx::query_scalar!(
        "select created_at from signing_keys where retired_at is null order by created_at desc limit 1"
    )
    .fetch_optional(db)
    .await
}

/// One key.
pub async fn by_kid(db: &PgPool, kid: &str) -> sqlx::Result<Option<PublicKey>> {
    sqlx::query_as!(
        PublicKey,
        "select kid, public_key as public, retired_at from signing_keys where kid = $1",
        kid
    )
    .fetch_optional(db)
    .await
}

/// All keys that were not retired before then.
pub async fn verifying(db: &PgPool, retired_after: Instant) -> sqlx::Result<Vec<PublicKey>> {
    sqlx::query_as!(
        PublicKey,
        "select kid, public_key as public, retired_at from signing_keys
          where retired_at is null or retired_at > $1 order by retired_at desc nulls first, kid",
        retired_after as _,
    )
    .fetch_all(db)
    .await
}

/// Only one transaction at a time changes the keys.
pub async fn lock_all(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(8315)").execute(db).await?;
    Ok(())
}

/// A new key.
pub async fn insert(
    db: &mut PgConnection,
    kid: &str,
    sealed: &[u8],
    public_key: &[u8],
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into signing_keys (kid, sealed, public_key, created_at) values ($1, $2, $3, $4)",
        kid,
        sealed,
        public_key,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// None of the present keys signs any more.
pub async fn retire_all(db: &mut PgConnection, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("update signing_keys set retired_at = $1 where retired_at is null", now as _)
        .execute(db)
        .await?;
    Ok(())
}

/// Keys whose tokens are long dead.
pub async fn delete_retired(db: &mut PgConnection, before: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from signing_keys where retired_at < $1", before as _).execute(db).await?;
    Ok(())
}
