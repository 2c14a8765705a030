//! What staff do: nobody decides about their own matters, and every act leaves an entry in the audit log, written in
//! the transaction of the act.
//!
//! A handler of staff opens its transaction with [`Staff::begin`]. It can only be committed with an [`Entry`]; an entry
//! is made of a [`Matter`]; and a matter exists only where none of the people whom it concerns is the caller:
//!
//! ```ignore
//! let mut tx = staff.begin(write).await?;
//! let grant = store::lock(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
//! let matter = staff.matter("goodwill_grant", id, [grant.user_id])?;
//! // …
//! tx.commit(matter.act("goodwill.decide"), answer).await
//! ```

use std::fmt::Display;

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};

use crate::{
    auth::{Staff, StaffRole},
    error::{ApiError, ApiResult, Kind},
    http::RequestContext,
    idempotency::{Write, WriteTx},
    ids::{AuditId, UserId},
    page::{Order, Paging},
    time::Instant,
};

/// The role of an act by whoever holds the machine.
const CONSOLE: &str = "console";

/// Something that a member of staff may decide about, because it is none of their own.
#[derive(Clone, Debug)]
pub struct Matter {
    subject_type: &'static str,
    subject_id: String,
}

/// An act of staff, as the audit log has it. No personal data but ids belongs into `details`.
#[derive(Clone, Debug)]
pub struct Entry {
    action: &'static str,
    matter: Matter,
    reason: Option<String>,
    details: Value,
}

impl Staff {
    /// The matter that an act is about; 403 `own_matter` where the caller is among the people whom it concerns: who
    /// pays or is paid, who wrote it, who reported it or is reported. A matter of nobody in particular names none.
    pub fn matter(
        &self,
        subject_type: &'static str,
        id: impl Display,
        people: impl IntoIterator<Item = UserId>,
    ) -> ApiResult<Matter> {
        if people.into_iter().any(|person| person == self.caller.id) {
            return Err(ApiError::new(Kind::Forbidden, "own_matter"));
        }
        Ok(Matter { subject_type, subject_id: id.to_string() })
    }

    /// Opens the transaction of an act.
    pub async fn begin(&self, write: Write) -> ApiResult<AuditedTx> {
        if let Some(context) = &self.context {
            context.begin_act();
        }
        Ok(AuditedTx { staff: self.clone(), tx: write.begin().await? })
    }
}

impl Matter {
    /// What is done: a word for the subject and a verb, `refund.approve`.
    pub fn act(self, action: &'static str) -> Entry {
        Entry { action, matter: self, reason: None, details: json!({}) }
    }
}

impl Entry {
    /// Why, in the words of who did it.
    #[must_use]
    pub fn reason(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// What else is to be known, as an object: amounts, choices, ids.
    #[must_use]
    pub fn details(self, details: Value) -> Self {
        Self { details, ..self }
    }
}

/// The transaction of an act of staff; use it as `&mut tx` where a `&mut PgConnection` is wanted.
pub struct AuditedTx {
    staff: Staff,
    tx: WriteTx,
}

impl std::ops::Deref for AuditedTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}
impl std::ops::DerefMut for AuditedTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

impl AuditedTx {
    /// Writes the entry, stores the answer with its effect, commits, and returns the answer.
    pub async fn commit(mut self, entry: Entry, answer: impl IntoResponse) -> ApiResult<Response> {
        let now = self.tx.now();
        record(&mut self.tx, &self.staff, entry, now).await?;
        let answer = self.tx.commit(answer).await?;
        if let Some(context) = &self.staff.context {
            context.end_act();
        }
        Ok(answer)
    }
}

/// Writes what a member of staff does into the audit log, in the transaction of the act.
async fn record(db: &mut PgConnection, by: &Staff, entry: Entry, now: Instant) -> sqlx::Result<()> {
    insert(db, (Some(by.caller.id), by.role.into(), by.context.as_ref().map(RequestContext::id)), entry, now)
        .await
}

/// Writes what is done at the console of the machine into the audit log, in the transaction of the act.
pub async fn record_at_console(
    db: &mut PgConnection,
    action: &'static str,
    (subject_type, subject_id): (&'static str, impl Display),
    details: Value,
    now: Instant,
) -> sqlx::Result<()> {
    let matter = Matter { subject_type, subject_id: subject_id.to_string() };
    insert(db, (None, CONSOLE, None), matter.act(action).details(details), now).await
}

async fn insert(
    db: &mut PgConnection,
    (actor, role, request): (Option<UserId>, &str, Option<&str>),
    entry: Entry,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into audit_log (id, at, actor_id, role, action, subject_type, subject_id, reason, details, request_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        AuditId::at(now) as _,
        now as _,
        actor as _,
        role,
        entry.action,
        entry.matter.subject_type,
        entry.matter.subject_id,
        entry.reason,
        entry.details,
        request,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A row of the audit log.
#[derive(Debug, FromRow)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct AuditRow {
    pub id: AuditId,
    pub at: Instant,
    pub actor_id: Option<UserId>,
    pub role: String,
    pub action: String,
    pub subject_type: String,
    pub subject_id: String,
    pub reason: Option<String>,
    pub details: Value,
    pub request_id: Option<String>,
}

/// Which rows of the audit log; absent is any.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named as the columns")]
pub struct AuditFilter {
    pub actor_id: Option<UserId>,
    pub role: Option<StaffRole>,
    pub action: Option<String>,
    pub subject_type: Option<String>,
    pub subject_id: Option<String>,
    /// Not before.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
}

impl AuditFilter {
    fn narrow(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(actor) = self.actor_id {
            query.push(" and actor_id = ").push_bind(actor);
        }
        let role = self.role.map(<&str>::from).map(str::to_owned);
        let words = [
            (" and role = ", &role),
            (" and action = ", &self.action),
            (" and subject_type = ", &self.subject_type),
            (" and subject_id = ", &self.subject_id),
        ];
        for (condition, word) in words {
            if let Some(word) = word {
                query.push(condition).push_bind(word.clone());
            }
        }
        if let Some(from) = self.from {
            query.push(" and at >= ").push_bind(from);
        }
        if let Some(to) = self.to {
            query.push(" and at < ").push_bind(to);
        }
    }
}

/// One page of the audit log, the newest first, and the bounded count.
pub async fn list(
    db: &PgPool,
    filter: &AuditFilter,
    paging: &Paging<AuditId>,
) -> sqlx::Result<(Vec<AuditRow>, i64)> {
    let mut counting = QueryBuilder::new("select count(*) from (select 1 from audit_log where true");
    filter.narrow(&mut counting);
    let total: i64 = counting.push(" limit 1001) c").build_query_scalar().fetch_one(db).await?;
    let mut query = QueryBuilder::new(
        "select id, at, actor_id, role, action, subject_type, subject_id, reason, details, request_id
           from audit_log where true",
    );
    filter.narrow(&mut query);
    if let Some(&id) = paging.key() {
        query.push(" and id ").push(paging.comparison(Order::Descending)).push(" ").push_bind(id);
    }
    query.push(" order by id ").push(paging.direction(Order::Descending));
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    Ok((query.build_query_as().fetch_all(db).await?, total))
}
