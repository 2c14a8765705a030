//! What is brought before the staff.

use platform::{
    ids::{ConversationId, MessageId, ReportId, UserId},
    time::Instant,
};
use sqlx::PgConnection;

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

/// Whether a message is part of a conversation.
pub(crate) async fn has_message(
    db: &mut PgConnection,
    conversation: ConversationId,
    message: MessageId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from messages where id = $1 and conversation_id = $2) as "there!""#,
        message as _,
        conversation as _,
    )
    .fetch_one(db)
    .await
}
