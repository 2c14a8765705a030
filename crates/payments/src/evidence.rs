//! What we say in a dispute: written down by a member of staff, and brought to the gateway by a job.

use anyhow::{Context as _, bail};
use platform::{
    app::App,
    error::{ApiError, ApiResult, OnConstraint as _},
    ids::{DisputeId, OperationId, UserId},
    jobs::{self, Job},
    ports::gateway::{Defence, DisputeStatus, GatewayName, Operation, Outcome, Task},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, types::Json};

use crate::{model::PaymentError, store::evidence as store};

/// No gateway takes more in one field.
const LONGEST_LOG: usize = 20_000;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = EvidenceStatus)]
pub(crate) enum SubmissionState {
    /// On its way.
    Started,
    /// The gateway has it.
    Submitted,
    /// The gateway does not take it.
    Refused,
}

/// What was said in a dispute.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) id: OperationId,
    pub(crate) dispute_id: DisputeId,
    pub(crate) content: Json<Defence>,
    pub(crate) state: SubmissionState,
    pub(crate) code: Option<String>,
    pub(crate) submitted_by: UserId,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

/// One that is on its way, and where to.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) gateway: GatewayName,
    pub(crate) dispute: String,
    pub(crate) content: Json<Defence>,
}

/// Writes down what we say, with what we know; a job brings it to the gateway once this has committed. Once a dispute,
/// and only while it is open.
pub(crate) async fn submit(
    db: &mut PgConnection,
    id: DisputeId,
    statement: String,
    by: UserId,
    now: Instant,
) -> ApiResult<Submission> {
    let known = store::of_dispute(db, id).await?.ok_or_else(ApiError::not_found)?;
    if known.state != <&str>::from(DisputeStatus::Open) {
        return Err(PaymentError::DisputeNotOpen.into());
    }
    let submission = Submission {
        id: OperationId::at(now),
        dispute_id: id,
        content: Json(known.defence(statement)),
        state: SubmissionState::Started,
        code: None,
        submitted_by: by,
        created_at: now,
        updated_at: now,
    };
    let written = store::insert(db, &submission).await;
    written.on_constraint("dispute_evidence_one", PaymentError::EvidenceSubmitted)?;
    jobs::enqueue(db, &SubmitEvidence { id: submission.id }, now).await?;
    Ok(submission)
}

impl store::Evidence {
    fn defence(self, statement: String) -> Defence {
        let line = |moment: &store::Moment| {
            let words = [moment.by.as_deref(), moment.reason.as_deref()];
            let words = words.into_iter().flatten().fold(String::new(), |all, word| format!("{all}; {word}"));
            format!("{} {}: {}{words}\n", moment.at, moment.about, moment.event)
        };
        let log: String = self.timeline.0.iter().map(line).collect();
        Defence {
            statement,
            customer: self.customer,
            service: self.service_title,
            service_at: self.starts_at.map(|at| at.to_string()),
            log: log.chars().take(LONGEST_LOG).collect(),
            cancellation_policy: self.policy,
        }
    }
}

/// Brings what we say to the gateway.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SubmitEvidence {
    id: OperationId,
}

impl Job for SubmitEvidence {
    const KIND: &'static str = "payments.submit_evidence";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let Some(waiting) = store::waiting(&mut *app.db.acquire().await?, self.id).await? else {
            return Ok(());
        };
        let gateway =
            app.gateways.named(waiting.gateway).context("the gateway of the dispute is not in use")?;
        let task = Task::Defend { dispute: waiting.dispute, defence: waiting.content.0 };
        let operation = Operation { id: self.id, task };
        let outcome = match gateway.outcome_of(&operation, None).await {
            Some(outcome) => outcome,
            None => gateway.perform(&operation).await,
        };
        let (state, code) = match outcome {
            Outcome::Succeeded { .. } => (SubmissionState::Submitted, None),
            Outcome::Declined { code } => (SubmissionState::Refused, Some(<&str>::from(code))),
            _ => bail!("the gateway does not say whether it took the evidence"),
        };
        Ok(store::settle(&mut *app.db.acquire().await?, self.id, state, code, app.clock.now()).await?)
    }
}
