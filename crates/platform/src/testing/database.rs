//! A database for each test: one migrated template, cloned in some 15 ms.
//!
//! `DATABASE_URL` names any database of the test server; `bin/test` starts one. Clones are not dropped in
//! the test's own time; the server is thrown away, or the next run sweeps.

use std::str::FromStr as _;

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;

use crate::db::MIGRATIONS;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// The server that tests use.
#[expect(clippy::disallowed_methods, reason = "tests are configured by the environment")]
pub fn database_url() -> String {
    std::env::var("DATABASE_URL").expect("DATABASE_URL must name a test server; bin/test starts one")
}

fn options() -> PgConnectOptions {
    PgConnectOptions::from_str(&database_url())
        .expect("DATABASE_URL")
        .log_statements(tracing::log::LevelFilter::Off)
}

/// A fresh database with the present schema, and a pool of at most so many connections to it.
pub async fn database(connections: u32) -> PgPool {
    let template = TEMPLATE.get_or_init(prepare_template).await;
    #[expect(clippy::disallowed_methods, reason = "a name, not the id of a row")]
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let mut admin = options().connect().await.expect("the test server answers");
    run(&mut admin, format!("create database {name} template {template} strategy file_copy")).await;
    let closed = admin.close().await;
    closed.expect("the connection closes");
    let pool =
        PgPoolOptions::new().max_connections(connections).acquire_timeout(std::time::Duration::from_secs(20));
    pool.connect_with(options().database(&name)).await.expect("the clone answers")
}

async fn run(db: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.expect("test setup SQL");
}

/// Migrates one template per set of migrations. Test processes race here; the first one in does the work.
async fn prepare_template() -> String {
    let stamp = MIGRATIONS.iter().flat_map(|m| m.checksum.iter().copied()).collect::<Vec<u8>>();
    let name = format!("template_{:016x}", xxhash_rust::xxh3::xxh3_64(&stamp));
    let mut admin = options().connect().await.expect("the test server answers");
    run(&mut admin, "select pg_advisory_lock(8313)".to_owned()).await;
    let exists = sqlx::query_scalar!("select exists (select from pg_database where datname = $1)", name);
    if !exists.fetch_one(&mut admin).await.expect("pg_database").unwrap_or_default() {
        run(&mut admin, format!("drop database if exists {name}_new")).await;
        run(&mut admin, format!("create database {name}_new")).await;
        let mut db =
            options().database(&format!("{name}_new")).connect().await.expect("the template answers");
        MIGRATIONS.run(&mut db).await.expect("migrations");
        db.close().await.expect("the connection closes");
        run(&mut admin, format!("alter database {name}_new rename to {name}")).await;
    }
    admin.close().await.expect("the connection closes");
    name
}
