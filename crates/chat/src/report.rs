//! What is brought before the staff: once, with what was said, and with a deadline.

use jiff::SignedDuration;
use platform::{
    app::App,
    error::ApiResult,
    ids::{ReportId, UserId},
    jobs::{self, Job, Timing},
    outbox,
    stream::Told,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    change,
    events::{ReportDecided, ReportOverdue},
    model::ChatError,
    store::reports::{self, NewReport},
};

/// By then somebody has looked at a report.
pub(crate) const REPORT_TIME: SignedDuration = SignedDuration::from_hours(24);

/// How a report stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    sqlx::Type,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ReportStatus {
    /// Nobody has decided on it.
    Open,
    /// It was right.
    Upheld,
    /// There was nothing against the rules.
    Rejected,
}

/// Files a report, and sets its deadline; `false` where the same person's last one is still open.
pub(crate) async fn file(db: &mut PgConnection, report: &NewReport<'_>) -> sqlx::Result<bool> {
    let is_new = reports::insert(db, report).await?;
    if is_new {
        let timing = Timing { at: Some(report.due_at), key: Some(Escalate::key(report.id)) };
        jobs::schedule(db, &Escalate { report_id: report.id }, report.at, timing).await?;
    }
    Ok(is_new)
}

/// What the staff decide.
pub(crate) struct Decision<'a> {
    pub(crate) is_upheld: bool,
    /// For the staff.
    pub(crate) note: &'a str,
    /// Whether the message that is meant goes.
    pub(crate) removes_message: bool,
    pub(crate) by: UserId,
}

/// Decides on a report: once. The message goes in the same transaction. Gives whom to tell when it is committed.
pub(crate) async fn decide(
    app: &App,
    db: &mut PgConnection,
    id: ReportId,
    decision: &Decision<'_>,
    now: Instant,
) -> ApiResult<Option<Told>> {
    let status = if decision.is_upheld { ReportStatus::Upheld } else { ReportStatus::Rejected };
    let decided = reports::decide(db, id, status, decision.note, decision.by, now).await?;
    let decided = decided.ok_or(ChatError::ReportDecided)?;
    jobs::cancel(db, &Escalate::key(id)).await?;
    if let Some(reporter_id) = decided.reporter {
        let event = ReportDecided { report_id: id, reporter_id, is_upheld: decision.is_upheld };
        outbox::emit(db, &event, now).await?;
    }
    match decided.message.filter(|_| decision.removes_message) {
        Some(message) => change::remove(app, db, decided.reported, message).await,
        None => Ok(None),
    }
}

/// Nobody has decided on a report in time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Escalate {
    pub(crate) report_id: ReportId,
}

impl Escalate {
    fn key(id: ReportId) -> String {
        format!("chat_report:{id}")
    }
}

impl Job for Escalate {
    const KIND: &'static str = "chat.escalate_report";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        if reports::escalate(&mut tx, self.report_id, now).await? {
            metrics::counter!("chat_reports_overdue_total").increment(1);
            outbox::emit(&mut tx, &ReportOverdue { report_id: self.report_id }, now).await?;
        }
        tx.commit().await?;
        app.jobs_waiting.notify_one();
        Ok(())
    }
}
