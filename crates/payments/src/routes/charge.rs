//! A charge that a request begins: under one key once, whatever becomes of the request.

use axum::response::Response;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    idempotency::Write,
    ids::{OperationId, PaymentId},
    ports::gateway::{DeclineCode, Outcome},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::process::answer;
use crate::{
    jobs::pursue,
    operation::{self, Operation, Progress, Settler},
    settle::settle,
    store,
};

/// Writes the charge down that the caller waits for, and under its key that it is this one.
pub(super) async fn begin(db: &mut PgConnection, write: &Write, charge: &Operation) -> ApiResult<()> {
    operation::begin(db, charge, Settler::Request).await?;
    write.bind(db, charge.id.uuid()).await
}

/// An earlier request with the key began a charge and did not come to an answer: what became of it, and no other charge.
pub(super) async fn resume(app: &App, caller: &Caller, write: Write, begun: Uuid) -> ApiResult<Response> {
    let id = OperationId::from(begun);
    pursue(app, id).await?;
    let mut tx = write.begin().await?;
    let charge = store::operations::find(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    if charge.state != Progress::Declined {
        return answer(app, tx, caller, charge.payment_id).await;
    }
    let code = charge.code.as_deref().and_then(|code| code.parse().ok());
    let code = code.unwrap_or(DeclineCode::ProcessingError);
    tx.commit(refusal(code.into(), charge.payment_id)?).await
}

/// Settles what the payer is waiting for, and answers.
pub(super) async fn conclude(
    app: &App,
    write: Write,
    caller: &Caller,
    payment: PaymentId,
    charge: OperationId,
    outcome: Outcome,
) -> ApiResult<Response> {
    let mut tx = write.begin().await?;
    match outcome {
        // Nothing has happened, and the payer may try again.
        Outcome::Unavailable => {
            let outcome = Outcome::Declined { code: DeclineCode::ProcessingError };
            settle(app, &mut tx, charge, &outcome).await?;
            tx.commit_unanswered().await?;
            let unavailable = ApiError::unavailable(anyhow::anyhow!("the gateway cannot be called"));
            Err(refusal(unavailable.retry_after(30), payment)?)
        }
        Outcome::Declined { code } => {
            settle(app, &mut tx, charge, &outcome).await?;
            tx.commit(refusal(code.into(), payment)?).await
        }
        outcome => {
            settle(app, &mut tx, charge, &outcome).await?;
            answer(app, tx, caller, payment).await
        }
    }
}

fn refusal(error: ApiError, payment: PaymentId) -> ApiResult<ApiError> {
    Ok(error.extra("payment_id", serde_json::to_value(payment).map_err(anyhow::Error::from)?))
}
