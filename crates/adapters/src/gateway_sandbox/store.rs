//! The sandbox's own tables.

use platform::{
    ids::OperationId,
    jobs::{self, Timing},
    money::Money,
    ports::gateway::{AccountStatus, Entry, EntryKind, Period, Subject},
    time::Instant,
};
use sqlx::{PgConnection, PgPool};

use super::{
    messages::SendSandboxMessage,
    model::{Line, Row, fee},
};

/// So many entries make a page of the book.
pub const PAGE: i64 = 500;

/// The operation with our id.
pub async fn find(db: impl sqlx::PgExecutor<'_>, id: OperationId) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        "select id, task, reference, subject, method, amount, currency, captures_later, captured, refunded, status,
                code, dispute, next_step, next_at, description, return_url, created_at
           from sandbox_operations where id = $1",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// The operation with the sandbox's name, held until the transaction ends.
pub async fn lock(db: &mut PgConnection, reference: &str) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        "select id, task, reference, subject, method, amount, currency, captures_later, captured, refunded, status,
                code, dispute, next_step, next_at, description, return_url, created_at
           from sandbox_operations where reference = $1 for update",
        reference,
    )
    .fetch_optional(db)
    .await
}

/// One operation that goes on by itself by now, held until the transaction ends.
pub async fn lock_due(db: &mut PgConnection, now: Instant) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        "select id, task, reference, subject, method, amount, currency, captures_later, captured, refunded, status,
                code, dispute, next_step, next_at, description, return_url, created_at
           from sandbox_operations where next_at <= $1 order by next_at limit 1 for update",
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// Whether a charge was refunded before, or somebody tried to.
pub async fn has_refund(db: &mut PgConnection, charge: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from sandbox_operations where task = 'refund' and subject = $1) as "yes!""#,
        charge,
    )
    .fetch_one(db)
    .await
}

/// Writes a new operation; `false` when there is one with its id.
pub async fn insert(db: &mut PgConnection, row: &Row) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into sandbox_operations (id, task, reference, subject, method, amount, currency, captures_later, captured,
                                         status, code, next_step, next_at, description, return_url, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict (id) do nothing",
        row.id as _,
        row.task as _,
        row.reference,
        row.subject,
        row.method,
        row.amount,
        row.currency as _,
        row.captures_later,
        row.captured,
        row.status as _,
        row.code as _,
        row.next_step as _,
        row.next_at as _,
        row.description,
        row.return_url,
        row.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes what became of an operation.
pub async fn save(db: &mut PgConnection, row: &Row) -> sqlx::Result<()> {
    sqlx::query!(
        "update sandbox_operations
            set method = $2, captured = $3, refunded = $4, status = $5, code = $6, dispute = $7, next_step = $8, next_at = $9
          where id = $1",
        row.id as _,
        row.method,
        row.captured,
        row.refunded,
        row.status as _,
        row.code as _,
        row.dispute as _,
        row.next_step as _,
        row.next_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes a movement into the book, once.
pub async fn book(db: &mut PgConnection, row: &Row, line: Line, at: Instant) -> sqlx::Result<()> {
    let is_dispute = matches!(line.kind, EntryKind::Dispute | EntryKind::DisputeWon);
    let reference = if is_dispute { row.dispute_reference() } else { row.reference.clone() };
    sqlx::query!(
        "insert into sandbox_book (operation, reference, kind, amount, currency, at) values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint sandbox_book_once do nothing",
        row.id as _,
        reference,
        line.kind as _,
        line.amount,
        row.currency as _,
        at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A page of the book, behind the entry `after`.
pub async fn statement(db: &PgPool, period: Period, after: i64) -> sqlx::Result<Vec<(i64, Entry)>> {
    let lines = sqlx::query!(
        "select id, operation, reference, kind, amount, currency, at from sandbox_book
          where at >= $1 and at < $2 and id > $3 order by id limit $4",
        period.from as _,
        period.until as _,
        after,
        PAGE,
    )
    .fetch_all(db)
    .await?;
    Ok(lines
        .into_iter()
        .map(|line| {
            let amount = Money::new(line.amount, line.currency);
            let entry = Entry {
                reference: line.reference,
                operation: Some(line.operation),
                kind: line.kind,
                amount,
                fee: fee(line.kind, amount),
                at: line.at,
            };
            (line.id, entry)
        })
        .collect())
}

/// A page of the charges that were begun in a period, behind the one with this id.
pub async fn charges(db: &PgPool, period: Period, after: Option<OperationId>) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        "select id, task, reference, subject, method, amount, currency, captures_later, captured, refunded, status,
                code, dispute, next_step, next_at, description, return_url, created_at
           from sandbox_operations
          where task = 'charge' and created_at >= $1 and created_at < $2 and ($3::uuid is null or id > $3)
          order by id limit $4",
        period.from as _,
        period.until as _,
        after as _,
        PAGE,
    )
    .fetch_all(db)
    .await
}

/// Keeps a method.
pub async fn keep_method(db: impl sqlx::PgExecutor<'_>, reference: &str, token: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sandbox_methods (reference, token) values ($1, $2) on conflict (reference) do nothing",
        reference,
        token,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets a method.
pub async fn drop_method(db: &PgPool, reference: &str) -> sqlx::Result<()> {
    sqlx::query!("delete from sandbox_methods where reference = $1", reference).execute(db).await?;
    Ok(())
}

/// Whether a method is kept.
pub async fn keeps_method(db: &PgPool, reference: &str) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!("select true from sandbox_methods where reference = $1", reference);
    Ok(found.fetch_optional(db).await?.is_some())
}

/// A provider's account.
pub struct Account {
    pub reference: String,
    pub bank: String,
    pub status: AccountStatus,
}

/// Opens an account, or changes the bank of one.
pub async fn open_account(db: &PgPool, account: &Account) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into sandbox_accounts (reference, bank, status) values ($1, $2, $3)
         on conflict (reference) do update set bank = excluded.bank, status = excluded.status
          where sandbox_accounts.bank <> excluded.bank",
        account.reference,
        account.bank,
        account.status as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes how an account stands.
pub async fn save_account(db: &mut PgConnection, reference: &str, status: AccountStatus) -> sqlx::Result<()> {
    sqlx::query!("update sandbox_accounts set status = $2 where reference = $1", reference, status as _)
        .execute(db)
        .await?;
    Ok(())
}

/// An account.
pub async fn account(db: &PgPool, reference: &str) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        "select reference, bank, status from sandbox_accounts where reference = $1",
        reference
    )
    .fetch_optional(db)
    .await
}

/// Something to tell.
#[derive(Clone, Debug)]
pub struct Telling {
    pub id: i64,
    pub subject: Subject,
    pub operation: Option<OperationId>,
    pub reference: String,
    pub due_at: Instant,
}

/// Writes something to tell, and the job that tells it.
pub async fn tell(
    db: &mut PgConnection,
    about: (Subject, String),
    operation: Option<OperationId>,
    due_at: Instant,
) -> sqlx::Result<()> {
    let (subject, reference) = about;
    let id = sqlx::query_scalar!(
        "insert into sandbox_messages (subject, operation, reference, due_at) values ($1, $2, $3, $4) returning id",
        subject as _,
        operation as _,
        reference,
        due_at as _,
    )
    .fetch_one(&mut *db)
    .await?;
    let timing = Timing { at: Some(due_at), key: None };
    jobs::schedule(db, &SendSandboxMessage { id }, due_at, timing).await
}

/// What is due to be told, oldest first.
pub async fn untold(db: &PgPool, now: Instant) -> sqlx::Result<Vec<Telling>> {
    sqlx::query_as!(
        Telling,
        "select id, subject, operation, reference, due_at from sandbox_messages where due_at <= $1 order by id",
        now as _,
    )
    .fetch_all(db)
    .await
}

/// One of them.
pub async fn telling(db: &PgPool, id: i64) -> sqlx::Result<Option<Telling>> {
    sqlx::query_as!(
        Telling,
        "select id, subject, operation, reference, due_at from sandbox_messages where id = $1",
        id,
    )
    .fetch_optional(db)
    .await
}

/// It was told.
pub async fn told(db: &PgPool, id: i64) -> sqlx::Result<()> {
    sqlx::query!("delete from sandbox_messages where id = $1", id).execute(db).await?;
    Ok(())
}
