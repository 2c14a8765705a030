//! The connection pool and the migrations.

use std::{str::FromStr as _, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    ConnectOptions as _, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use tracing::log::LevelFilter;

use crate::config::DatabaseSettings;

/// All migrations, embedded. Applying them is safe from several nodes at once: sqlx takes an advisory lock.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Opens a pool; no connection is made before the first is needed.
pub fn pool(url: &SecretString, settings: &DatabaseSettings) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(url.expose_secret())?
        .application_name("skillbuddy")
        // Page sizes stand in the text of queries, so one query has several texts.
        .statement_cache_capacity(512)
        .options([
            ("statement_timeout", "15s"),
            ("idle_in_transaction_session_timeout", "15s"),
            ("lock_timeout", "10s"),
            // Our statements are short: compiling them costs more than it saves.
            ("jit", "off"),
        ]);
    Ok(PgPoolOptions::new()
        .max_connections(settings.connections)
        .min_connections(settings.connections.min(2))
        .acquire_timeout(Duration::from_millis(settings.wait))
        // A ping before each use would double the round trips; a dead connection fails once and is dropped.
        .test_before_acquire(false)
        .connect_lazy_with(options))
}

/// Another pool to the same database, for jobs: requests never wait behind them, and jobs wait for each other.
pub fn for_jobs(pool: &PgPool, settings: &DatabaseSettings) -> PgPool {
    PgPoolOptions::new()
        .max_connections(settings.job_connections)
        .acquire_timeout(Duration::from_mins(1))
        .test_before_acquire(false)
        .connect_lazy_with(pool.connect_options().as_ref().clone())
}

/// Another pool to the same database, for work that may take its time: building indexes, loading data. No statement
/// is cut off, or reported as slow.
pub async fn patient(pool: &PgPool) -> sqlx::Result<PgPool> {
    let options = pool.connect_options().as_ref().clone();
    let options = options
        .options([("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0")])
        .log_slow_statements(LevelFilter::Off, Duration::ZERO);
    PgPoolOptions::new().max_connections(2).connect_with(options).await
}

/// Brings the schema up to date.
pub async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    let pool = patient(pool).await?;
    MIGRATIONS.run(&pool).await?;
    pool.close().await;
    Ok(())
}

/// Whether every migration of this program has been applied. A database that is ahead is fine: a newer
/// node has migrated it, and migrations only add.
pub async fn is_migrated(pool: &PgPool) -> sqlx::Result<bool> {
    #[expect(clippy::disallowed_methods, reason = "the migrator's own table, which no migration makes")]
    let applied = sqlx::query_scalar::<_, i64>("select count(*) from _sqlx_migrations where success");
    let known = i64::try_from(MIGRATIONS.iter().count()).unwrap_or(i64::MAX);
    Ok(applied.fetch_one(pool).await? >= known)
}
