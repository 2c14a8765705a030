//! What is brought before the staff.

use platform::{
    ids::{ConversationId, MessageId, ReportId, UserId},
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};

use crate::{message::StoredMessage, report::ReportStatus};

/// A report that is open.
pub(crate) struct Report {
    pub id: ReportId,
    pub due_at: Instant,
    pub created_at: Instant,
}

/// What somebody, or the filter, reports.
pub(crate) struct NewReport<'a> {
    pub id: ReportId,
    pub conversation: ConversationId,
    pub message: Option<MessageId>,
    /// Nobody: the filter.
    pub reporter: Option<UserId>,
    pub reported: UserId,
    pub reason: &'a str,
    pub details: &'a str,
    pub due_at: Instant,
    pub at: Instant,
}

/// Writes a report, with the newest 50 messages as they are now; where one names a message, those up to 10 after it.
/// `false` where the same person's last report of the conversation is still open.
pub(crate) async fn insert(db: &mut PgConnection, report: &NewReport<'_>) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into chat_reports (id, conversation_id, message_id, reporter_id, reported_id, reason, details, evidence,
                due_at, created_at)
         select $1, $2, $3, $4, $5, $6, $7,
                coalesce((select jsonb_agg(to_jsonb(m) order by m.seq) from shown_messages m
                           where m.conversation_id = $2
                             and m.seq = any(array(select n.seq from messages n where n.conversation_id = $2
                                 and ($3::uuid is null or n.seq <= (select seq + 10 from messages where id = $3))
                                                    order by n.seq desc limit 50))), '[]'),
                $8, $9
         on conflict do nothing",
        report.id as _,
        report.conversation as _,
        report.message as _,
        report.reporter as _,
        report.reported as _,
        report.reason,
        report.details,
        report.due_at as _,
        report.at as _,
    );
    Ok(inserted.execute(db).await?.rows_affected() > 0)
}

/// The open report of a conversation by somebody.
pub(crate) async fn open(
    db: &mut PgConnection,
    conversation: ConversationId,
    reporter: UserId,
) -> sqlx::Result<Option<Report>> {
    sqlx::query_as!(
        Report,
        "select id, due_at, created_at from chat_reports
          where conversation_id = $1 and reporter_id = $2 and state = 'open'",
        conversation as _,
        reporter as _,
    )
    .fetch_optional(db)
    .await
}

/// Whether a message is part of a conversation, and none of staff, who stand for themselves.
pub(crate) async fn has_message(
    db: &mut PgConnection,
    conversation: ConversationId,
    message: MessageId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from messages where id = $1 and conversation_id = $2 and not is_staff) as "there!""#,
        message as _,
        conversation as _,
    )
    .fetch_one(db)
    .await
}

/// A report as the staff see it.
#[derive(Debug, FromRow)]
pub(crate) struct Filed {
    pub id: ReportId,
    pub conversation_id: ConversationId,
    pub message_id: Option<MessageId>,
    pub reporter_id: Option<UserId>,
    pub reporter_name: Option<String>,
    pub reported_id: UserId,
    pub reported_name: String,
    pub reason: String,
    pub details: String,
    pub state: ReportStatus,
    pub note: String,
    pub due_at: Instant,
    pub escalated_at: Option<Instant>,
    pub created_at: Instant,
    pub decided_at: Option<Instant>,
    pub decided_by: Option<UserId>,
}

/// Which reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    /// Who asks: they see none of their own conversations.
    pub reader: UserId,
    pub status: Option<ReportStatus>,
    /// Open, and late.
    pub overdue_at: Option<Instant>,
}

const FILED: &str = "select r.id, r.conversation_id, r.message_id, r.reporter_id, p.name as reporter_name, r.reported_id,
        o.name as reported_name, r.reason, r.details, r.state, r.note, r.due_at, r.escalated_at, r.created_at,
        r.decided_at, r.decided_by
   from chat_reports r join users o on o.id = r.reported_id left join users p on p.id = r.reporter_id where true";

/// One page of reports, the oldest first, and the bounded count.
pub(crate) async fn list(
    db: &PgPool,
    filter: Filter,
    paging: &Paging<ReportId>,
) -> sqlx::Result<(Vec<Filed>, i64)> {
    let narrow = |query: &mut QueryBuilder<Postgres>| {
        query.push(" and not exists (select from conversations c where c.id = r.conversation_id and ");
        query.push_bind(filter.reader).push(" in (c.customer_id, c.provider_id))");
        if let Some(status) = filter.status {
            query.push(" and r.state = ").push_bind(status);
        }
        if let Some(at) = filter.overdue_at {
            query.push(" and r.state = 'open' and r.due_at < ").push_bind(at);
        }
    };
    let mut counting = QueryBuilder::new("select count(*) from (select 1 from chat_reports r where true");
    narrow(&mut counting);
    let total: i64 = counting.push(" limit 1001) c").build_query_scalar().fetch_one(db).await?;
    let mut query = QueryBuilder::new(FILED);
    narrow(&mut query);
    if let Some(&id) = paging.key() {
        query.push(" and r.id ").push(paging.comparison(Order::Ascending)).push(" ").push_bind(id);
    }
    query.push(" order by r.id ").push(paging.direction(Order::Ascending));
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    Ok((query.build_query_as().fetch_all(db).await?, total))
}

/// One report, with the messages as they were.
pub(crate) async fn find(
    db: &PgPool,
    id: ReportId,
) -> sqlx::Result<Option<(Filed, Json<Vec<StoredMessage>>)>> {
    #[derive(FromRow)]
    struct Found {
        #[sqlx(flatten)]
        filed: Filed,
        evidence: Json<Vec<StoredMessage>>,
    }
    let mut query = QueryBuilder::new(FILED.replacen(" from", ", r.evidence from", 1));
    let found: Option<Found> =
        query.push(" and r.id = ").push_bind(id).build_query_as().fetch_optional(db).await?;
    Ok(found.map(|found| (found.filed, found.evidence)))
}

/// A report that was decided on just now.
pub(crate) struct Decided {
    pub reporter: Option<UserId>,
    pub reported: UserId,
    pub message: Option<MessageId>,
}

/// Decides on a report; `None` where somebody else has, or there is none.
pub(crate) async fn decide(
    db: &mut PgConnection,
    id: ReportId,
    status: ReportStatus,
    note: &str,
    by: UserId,
    now: Instant,
) -> sqlx::Result<Option<Decided>> {
    sqlx::query_as!(
        Decided,
        r#"update chat_reports set state = $2, note = $3, decided_by = $4, decided_at = $5
            where id = $1 and state = 'open'
        returning reporter_id as "reporter: UserId", reported_id as "reported: UserId", message_id as "message: MessageId""#,
        id as _,
        status as _,
        note,
        by as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// A report is late; whether it is open, and nobody was told.
pub(crate) async fn escalate(db: &mut PgConnection, id: ReportId, now: Instant) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update chat_reports set escalated_at = $2
          where id = $1 and state = 'open' and escalated_at is null and due_at <= $2",
        id as _,
        now as _,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Whose report it is: both people of the conversation, of whom one is reported; `None` where there is no such report.
pub(crate) async fn people(db: &mut PgConnection, id: ReportId) -> sqlx::Result<Option<[UserId; 2]>> {
    let people = sqlx::query!(
        "select c.customer_id, c.provider_id
           from chat_reports r join conversations c on c.id = r.conversation_id where r.id = $1",
        id as _,
    );
    Ok(people.fetch_optional(db).await?.map(|people| [people.customer_id, people.provider_id]))
}
