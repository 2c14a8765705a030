//! Reports of conversations, for moderators.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Moderator,
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{ConversationId, MessageId, ReportId, UserId},
    locale::Language,
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    message::{Marks, Message, Reader},
    report::{self, Decision, ReportStatus},
    store::reports::{self as store, Filed, Filter},
};

/// Which reports.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportQuery {
    #[garde(skip)]
    #[param(inline)]
    status: Option<ReportStatus>,
    /// Only those that are open although their time is over.
    #[serde(default)]
    #[garde(skip)]
    overdue: bool,
}

/// A report of a conversation.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct FiledReport {
    id: ReportId,
    status: ReportStatus,
    conversation_id: ConversationId,
    /// The message that is meant.
    message_id: Option<MessageId>,
    /// Who reports; `null`: the filter.
    reporter_id: Option<UserId>,
    reporter_name: Option<String>,
    reported_id: UserId,
    reported_name: String,
    #[schema(example = "harassment")]
    reason: String,
    details: String,
    /// What was decided, in the words of who did.
    note: String,
    /// By then somebody has to have decided.
    due_at: Instant,
    /// When the staff were told that it is late.
    escalated_at: Option<Instant>,
    created_at: Instant,
    decided_at: Option<Instant>,
    decided_by: Option<UserId>,
}

impl From<Filed> for FiledReport {
    fn from(filed: Filed) -> Self {
        Self {
            id: filed.id,
            status: filed.state,
            conversation_id: filed.conversation_id,
            message_id: filed.message_id,
            reporter_id: filed.reporter_id,
            reporter_name: filed.reporter_name,
            reported_id: filed.reported_id,
            reported_name: filed.reported_name,
            reason: filed.reason,
            details: filed.details,
            note: filed.note,
            due_at: filed.due_at,
            escalated_at: filed.escalated_at,
            created_at: filed.created_at,
            decided_at: filed.decided_at,
            decided_by: filed.decided_by,
        }
    }
}

/// A report with what was said.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ReportFile {
    #[serde(flatten)]
    report: FiledReport,
    /// The messages as they were when it was filed, oldest first.
    evidence: Vec<Message>,
}

/// Reports of conversations, the oldest first, none of one's own conversations: for moderators.
#[utoipa::path(get, path = "/chat/reports/", tag = "chat", operation_id = "list_chat_reports",
    security(("bearer" = [])), params(ReportQuery, PageQuery),
    responses((status = OK, description = "A page of reports.", body = Page<FiledReport>),
        (status = FORBIDDEN, description = "`forbidden`: not a moderator.")))]
pub(super) async fn list_chat_reports(
    app: App,
    Moderator(staff): Moderator,
    Query(query): Query<ReportQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<FiledReport>>> {
    let overdue_at = query.overdue.then(|| app.clock.now());
    let filter = Filter { reader: staff.caller.id, status: query.status, overdue_at };
    let paging = page.paging::<ReportId>(link)?;
    let (rows, total) = store::list(&app.db, filter, &paging).await?;
    Ok(Json(paging.finish(rows, total, |row| row.id, FiledReport::from)))
}

/// A report with what was said: for moderators.
#[utoipa::path(get, path = "/chat/reports/{id}/", tag = "chat", operation_id = "get_chat_report",
    security(("bearer" = [])), params(("id" = ReportId, Path)),
    responses((status = OK, description = "The report.", body = ReportFile),
        (status = FORBIDDEN, description = "`forbidden`: not a moderator; `own_matter`: a conversation of theirs."),
        (status = NOT_FOUND, description = "There is no such report.")))]
pub(super) async fn get_chat_report(
    app: App,
    Moderator(staff): Moderator,
    language: Language,
    Path(id): Path<ReportId>,
) -> ApiResult<Json<ReportFile>> {
    let people = store::people(&mut *app.db.acquire().await?, id).await?.ok_or_else(ApiError::not_found)?;
    staff.matter("chat_report", id, people)?;
    let (filed, evidence) = store::find(&app.db, id).await?.ok_or_else(ApiError::not_found)?;
    let reader = Reader::of(&app, &staff.caller, language);
    let shown = evidence.0.into_iter().map(|message| Message::of(message, &reader, Marks::default()));
    Ok(Json(ReportFile { report: filed.into(), evidence: shown.collect() }))
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReportDecision {
    /// It was right.
    Upheld,
    /// There was nothing against the rules.
    Rejected,
}

/// What is decided, and why.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
pub(super) struct DecideReport {
    #[garde(skip)]
    decision: ReportDecision,
    /// For the staff; the two people do not see it.
    #[serde(default)]
    #[garde(length(chars, max = 2000))]
    #[schema(max_length = 2000)]
    note: String,
    /// Takes away the message that is meant, where the report is upheld.
    #[serde(default)]
    #[garde(skip)]
    removes_message: bool,
}

/// Decide on a report: for moderators. Whoever reported hears of it.
#[utoipa::path(post, path = "/chat/reports/{id}/decide/", tag = "chat", operation_id = "decide_chat_report",
    security(("bearer" = [])), params(("id" = ReportId, Path)), request_body = DecideReport,
    responses((status = NO_CONTENT, description = "It is decided."),
        (status = FORBIDDEN, description = "`forbidden`: not a moderator; `own_matter`: a conversation of theirs."),
        (status = NOT_FOUND, description = "There is no such report."),
        (status = CONFLICT, description = "`report_decided`: somebody has decided on it before.")))]
pub(super) async fn decide_chat_report(
    app: App,
    Moderator(staff): Moderator,
    Path(id): Path<ReportId>,
    write: Write,
    Valid(body): Valid<DecideReport>,
) -> ApiResult<Response> {
    let is_upheld = body.decision == ReportDecision::Upheld;
    let decision = Decision {
        is_upheld,
        note: &body.note,
        removes_message: is_upheld && body.removes_message,
        by: staff.caller.id,
    };
    let mut tx = staff.begin(write).await?;
    let people = store::people(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let matter = staff.matter("chat_report", id, people)?;
    let told = report::decide(&app, &mut tx, id, &decision, app.clock.now()).await?;
    let entry = matter.act("chat_report.decide").reason(&*body.note);
    let entry = entry.details(json!({"is_upheld": is_upheld, "removes_message": decision.removes_message}));
    let answer = tx.commit(entry, StatusCode::NO_CONTENT).await?;
    if let Some(told) = told {
        told.tell(&app);
    }
    Ok(answer)
}
