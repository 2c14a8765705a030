//! Brings the demo into the database: one transaction, all or nothing.
//!
//! Foreign keys, unique constraints and indexes are taken away for the load and built once afterwards, by
//! the definitions that the database itself gives, so that later migrations change nothing here.
use crate::{
    Options, Progress, Stage, Summary,
    batches::{self, Batch},
    categories,
    copy::Load,
    tables::TABLES,
    world::World,
};
use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, PgPool, Row as _};
use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Batches made ahead of the database: enough that neither side waits for the other.
const AHEAD: usize = 2;

/// Fills an empty database; refuses one that already has people.
pub async fn fill(
    pool: &PgPool,
    options: &Options,
    progress: impl Fn(Progress) + Send + Sync,
) -> anyhow::Result<Summary> {
    let mut tx = pool.begin().await?;
    // Waits for another fill, and then sees its people.
    tx.execute("lock table users in access exclusive mode").await?;
    let taken: bool = tx.fetch_one("select exists (select from users)").await?.try_get(0)?;
    anyhow::ensure!(!taken, "this database already has people in it; demo data goes into an empty one only");
    categories::ensure(&mut tx).await?;
    let world = Arc::new(World::new(options, category_ids(&mut tx).await?)?);

    tx.execute("set local maintenance_work_mem = '256MB'; set local client_min_messages = warning").await?;
    let aside = Aside::take(&mut tx).await?;
    let summary = copy_all(&mut tx, &world, &progress).await?;
    progress(Progress { stage: Stage::Indexes, done: 0, total: aside.total() });
    aside
        .restore(&mut tx, |done| {
            progress(Progress { stage: Stage::Indexes, done, total: aside.total() });
        })
        .await?;
    count_services(&mut tx).await?;
    progress(Progress { stage: Stage::Statistics, done: 0, total: 1 });
    run(&mut tx, format!("analyze categories, {}", TABLES.join(", "))).await?;
    tx.commit().await?;
    progress(Progress { stage: Stage::Statistics, done: 1, total: 1 });
    Ok(summary)
}

async fn category_ids(db: &mut PgConnection) -> anyhow::Result<BTreeMap<String, Uuid>> {
    let rows = db.fetch_all("select slug, id from categories").await?;
    rows.iter().map(|row| Ok((row.try_get("slug")?, row.try_get("id")?))).collect()
}

/// Active services in each category, since the triggers that count them did not run.
async fn count_services(db: &mut PgConnection) -> sqlx::Result<()> {
    db.execute(
        "update categories
            set services_count = active.count
           from (select category_id, count(*) from services where is_active group by category_id) active
          where id = active.category_id",
    )
    .await?;
    Ok(())
}

/// Rows are made in a thread of their own while the database takes the ones before.
async fn copy_all(
    db: &mut PgConnection,
    world: &Arc<World>,
    progress: &(impl Fn(Progress) + Send + Sync),
) -> anyhow::Result<Summary> {
    let (sender, mut receiver) = mpsc::channel::<Vec<Load>>(AHEAD);
    let source = Arc::clone(world);
    let maker = tokio::task::spawn_blocking(move || {
        batches::each(&source, |batch: Batch| {
            let sent = sender.blocking_send(batch.loads()?);
            // Nobody listens any more: the database refused something, and says so itself.
            Ok(if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })
    });
    let mut summary = Summary::default();
    while let Some(loads) = receiver.recv().await {
        for load in loads {
            let table = load.table;
            let rows = load.rows;
            send(db, load).await.with_context(|| format!("loading {table}"))?;
            summary.count(table, rows);
        }
        progress(Progress { stage: Stage::Rows, done: summary.services, total: world.services });
    }
    maker.await??;
    Ok(summary)
}

async fn send(db: &mut PgConnection, load: Load) -> sqlx::Result<()> {
    let mut copy = db.copy_in_raw(&load.statement()).await?;
    copy.send(load.data).await?;
    copy.finish().await?;
    Ok(())
}

/// What stands in the way of a quick load, and how to put it back.
struct Aside {
    restore: Vec<String>,
}

impl Aside {
    async fn take(db: &mut PgConnection) -> anyhow::Result<Self> {
        let tables = TABLES.map(|table| format!("'{table}'::regclass")).join(", ");
        // Foreign keys of other tables to ours go too, or the keys that they point to could not. They are
        // dropped first and restored last.
        let constraints = rows(
            db,
            format!(
                "select format('alter table %s drop constraint %I', conrelid::regclass, conname),
                        format('alter table %s add constraint %I %s', conrelid::regclass, conname,
                               pg_get_constraintdef(oid))
                   from pg_constraint
                  where contype in ('f', 'p', 'u', 'x') and (conrelid in ({tables}) or confrelid in ({tables}))
                  order by contype = 'f' desc, conrelid::regclass::text, conname"
            ),
        )
        .await?;
        let indexes = rows(
            db,
            format!(
                "select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
                   from pg_index
                  where indrelid in ({tables})
                    and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
                  order by indexrelid::regclass::text"
            ),
        )
        .await?;
        for (drop, _) in constraints.iter().chain(&indexes) {
            run(db, drop.clone()).await?;
        }
        // Emptied in this transaction, so that rows may be loaded frozen; and numbered from one again.
        run(db, format!("truncate {} restart identity", TABLES.join(", "))).await?;
        let mut restore: Vec<_> =
            constraints.into_iter().chain(indexes).rev().map(|(_, restore)| restore).collect();
        for table in TABLES {
            run(db, format!("alter table {table} disable trigger user")).await?;
            restore.push(format!("alter table {table} enable trigger user"));
        }
        Ok(Self { restore })
    }

    fn total(&self) -> u64 {
        u64::try_from(self.restore.len()).unwrap_or(u64::MAX)
    }

    async fn restore(&self, db: &mut PgConnection, done: impl Fn(u64) + Send + Sync) -> anyhow::Result<()> {
        for (statement, number) in self.restore.iter().zip(1..) {
            run(db, statement.clone()).await.with_context(|| statement.clone())?;
            done(number);
        }
        Ok(())
    }
}

/// Pairs of statements that the database wrote.
async fn rows(db: &mut PgConnection, sql: String) -> sqlx::Result<Vec<(String, String)>> {
    let rows = db.fetch_all(AssertSqlSafe(sql)).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Runs a statement that is made of names from the catalogue and from this crate only.
async fn run(db: &mut PgConnection, sql: String) -> sqlx::Result<()> {
    db.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}
