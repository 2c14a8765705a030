//! The load into a real database: `DATABASE_URL` names a server on which databases may be made.
use super::options;
use crate::{Summary, categories, fill};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgPool, Row as _,
    postgres::PgConnectOptions,
};
use std::{path::Path, str::FromStr as _};

const TABLES: [&str; 9] = [
    "categories",
    "users",
    "providers",
    "schedules",
    "services",
    "favourites",
    "bookings",
    "booking_history",
    "reservations",
];

/// Each of these finds nothing.
const CONTRADICTIONS: [&str; 10] = [
    "select 1 from providers p where jobs_completed <>
       (select count(*) from bookings b where b.provider_id = p.user_id and b.state = 'completed')",
    "select 1 from providers p where row(rating_sum, rating_count)::text <>
       (select row(sum(rating_sum), sum(rating_count))::text from services s where s.provider_id = p.user_id)",
    "select 1 from categories c where services_count <>
       (select count(*) from services s where s.category_id = c.id and s.is_active)",
    "select 1 from users u where is_provider <> exists (select from providers p where p.user_id = u.id)",
    "select 1 from providers p where not exists (select from schedules s where s.provider_id = p.user_id)",
    "select 1 from bookings b full join reservations r on r.booking_id = b.id
      where (b.state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress')) <> (r.booking_id is not null)",
    "select 1 from bookings b where state <>
       (select to_state from booking_history h where h.booking_id = b.id order by h.id desc limit 1)",
    "select 1 from bookings b join services s on s.id = b.service_id where s.provider_id <> b.provider_id",
    "select 1 from reservations r join bookings b on b.id = r.booking_id
      where (r.starts_at, r.ends_at, r.provider_id) is distinct from (b.starts_at, b.ends_at, b.provider_id)",
    "select 1 from services s where not (select skills @> array[s.category_id] from providers where user_id = provider_id)",
];

/// A database with the present schema; it goes away with the server, or when the next run sweeps `test_*`.
async fn database(name: &str) -> PgPool {
    #[expect(clippy::disallowed_methods, reason = "tests are configured by the environment")]
    let url =
        std::env::var("DATABASE_URL").expect("DATABASE_URL must name a test server; bin/test starts one");
    let server = PgConnectOptions::from_str(&url).unwrap();
    let name = format!("test_demo_{}_{name}", std::process::id());
    let mut admin = server.clone().connect().await.unwrap();
    admin.execute(AssertSqlSafe(format!("drop database if exists {name}"))).await.unwrap();
    admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
    admin.close().await.unwrap();
    let pool = PgPool::connect_with(server.database(&name)).await.unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    sqlx::migrate::Migrator::new(migrations).await.unwrap().run(&pool).await.unwrap();
    pool
}

async fn text(pool: &PgPool, sql: String) -> String {
    pool.fetch_one(AssertSqlSafe(sql))
        .await
        .unwrap()
        .try_get::<Option<String>, _>(0)
        .unwrap()
        .unwrap_or_default()
}

/// A checksum of all rows.
async fn contents(pool: &PgPool) -> Vec<String> {
    let mut sums = Vec::new();
    for table in TABLES {
        sums.push(
            text(pool, format!("select md5(string_agg(t::text, '|' order by t::text)) from {table} t")).await,
        );
    }
    sums
}

/// Everything that the load takes away and has to put back.
async fn definitions(pool: &PgPool) -> String {
    let sql = "select string_agg(line, E'\\n' order by line) from (
        select indexdef as line from pg_indexes where schemaname = 'public'
        union all select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated) from pg_constraint
                   where connamespace = 'public'::regnamespace
        union all select concat_ws(' ', tgrelid::regclass, tgname, tgenabled) from pg_trigger where not tgisinternal) lines";
    text(pool, sql.to_owned()).await
}

/// A trigger that would spoil the load, as a feature may have for its own reasons.
async fn add_touchy_trigger(pool: &PgPool) {
    pool.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin raise 'touched'; end $$;
         create trigger touchy before insert on services for each row execute function refuse()",
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn two_databases_get_the_same_consistent_data() {
    let (first, second) = (database("first").await, database("second").await);
    add_touchy_trigger(&first).await;
    let before = definitions(&first).await;
    let summary: Summary = fill(&first, &options(200, 42), |_| {}).await.unwrap();
    fill(&second, &options(200, 42), |_| {}).await.unwrap();

    assert_eq!((summary.people, summary.providers, summary.services), (500, 50, 200));
    assert_eq!(
        text(&first, "select count(*)::text from bookings".to_owned()).await,
        summary.bookings.to_string()
    );
    assert!(summary.open_bookings > 20);
    for contradiction in CONTRADICTIONS {
        let found = first.fetch_all(contradiction).await.unwrap().len();
        assert_eq!(found, 0, "{contradiction}");
    }
    assert_eq!(definitions(&first).await, before);
    assert_eq!(contents(&first).await, contents(&second).await);

    let again = fill(&first, &options(200, 42), |_| {}).await.unwrap_err();
    assert!(again.to_string().contains("already has people"), "{again}");
}

#[tokio::test]
async fn a_load_that_fails_leaves_the_database_as_it_was() {
    let pool = database("refusing").await;
    pool.execute("alter table bookings add constraint never check (total_minor < 0)").await.unwrap();
    let before = (definitions(&pool).await, contents(&pool).await);
    let refusal = fill(&pool, &options(200, 42), |_| {}).await.unwrap_err();
    assert_eq!(refusal.to_string(), "loading bookings");
    assert_eq!((definitions(&pool).await, contents(&pool).await), before);
}

#[tokio::test]
async fn categories_come_once_and_keep_what_staff_changed() {
    let pool = database("categories").await;
    let mut db = pool.acquire().await.unwrap();
    assert_eq!(categories::ensure(&mut db).await.unwrap(), 51);
    assert_eq!(categories::ensure(&mut db).await.unwrap(), 0);
    db.execute("update categories set color = '#000000' where slug = 'pets'").await.unwrap();
    db.execute("delete from categories where slug = 'dog-walking'").await.unwrap();
    assert_eq!(categories::ensure(&mut db).await.unwrap(), 1);
    let sql = "select string_agg(slug || ' ' || color, ', ' order by position, slug) from categories
                where slug = 'pets' or parent_id = (select id from categories where slug = 'pets')";
    assert_eq!(
        text(&pool, sql.to_owned()).await,
        "dog-walking #F57F17, pet-sitting #FBC02D, pet-grooming #E6A800, dog-training #C68400, pets #000000"
    );
}
