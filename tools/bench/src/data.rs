//! The data that is measured on: filled once, kept as a template, copied for each run, so that a run may write.

use std::{
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use anyhow::{Result, ensure};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, migrate::Migrator};

/// Password of every demo account.
pub const PASSWORD: &str = "correct horse battery";
const TEMPLATE: &str = "filled";
const COPY: &str = "bench";
/// The schema that the server expects.
static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");
/// Demo bookings lie around the day of the fill; later than this the calendars are not like those of real life.
const FRESH: Duration = Duration::from_hours(10 * 24);

/// Makes a fresh copy of the filled database and gives its name. `url` makes a URL of a database's name.
pub async fn copy(
    url: impl Fn(&str) -> String,
    server: &Path,
    services: u32,
    refill: bool,
    say: impl Fn(&str),
) -> Result<&'static str> {
    let mut db = PgConnection::connect(&url("postgres")).await?;
    if refill || !has_fresh_template(&mut db).await? || !has_this_schema(&url(TEMPLATE)).await? {
        say(&format!("Filling a database with {services} services"));
        run(&mut db, format!("drop database if exists {TEMPLATE}")).await?;
        run(&mut db, format!("create database {TEMPLATE}")).await?;
        fill(server, &url(TEMPLATE), services)?;
        run(&mut db, format!("comment on database {TEMPLATE} is '{}'", now()?)).await?;
    }
    say("Copying it for this run");
    run(&mut db, format!("drop database if exists {COPY} with (force)")).await?;
    run(&mut db, format!("create database {COPY} template {TEMPLATE} strategy file_copy")).await?;
    run(&mut db, "checkpoint".to_owned()).await?;
    Ok(COPY)
}

/// Whether it was filled to the end, as its comment says, and not long ago.
async fn has_fresh_template(db: &mut PgConnection) -> Result<bool> {
    let sql =
        format!("select shobj_description(oid, 'pg_database') from pg_database where datname = '{TEMPLATE}'");
    let Some(row) = db.fetch_optional(AssertSqlSafe(sql)).await? else { return Ok(false) };
    let comment: Option<String> = row.try_get(0)?;
    let filled: Option<u64> = comment.and_then(|seconds| seconds.parse().ok());
    Ok(filled.is_some_and(|filled| now().is_ok_and(|now| now.saturating_sub(filled) < FRESH.as_secs())))
}

async fn has_this_schema(url: &str) -> Result<bool> {
    let mut db = PgConnection::connect(url).await?;
    let rows = db.fetch_all("select checksum from _sqlx_migrations where success order by version").await?;
    db.close().await?;
    let applied = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Vec<u8>>, _>>()?;
    let wanted = MIGRATIONS.iter().map(|migration| migration.checksum.to_vec());
    Ok(applied == wanted.collect::<Vec<_>>())
}

fn fill(server: &Path, url: &str, services: u32) -> Result<()> {
    let status = Command::new(server)
        .args(["demo", "--services", &services.to_string(), "--password", PASSWORD])
        .env("DATABASE_URL", url)
        .env("LOG", "warn")
        .status()?;
    ensure!(status.success(), "the demo data could not be loaded");
    Ok(())
}

async fn run(db: &mut PgConnection, sql: String) -> Result<()> {
    db.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs())
}
