//! Credits that we give because something went wrong: one member of staff proposes, another one decides.

use platform::{
    error::ApiResult,
    ids::{GrantId, UserId},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    approval::{APPROVAL_WINDOW, Proposal},
    credits::{self, CreditKind},
    store::goodwill as store,
};

/// How far a grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = GoodwillState)]
pub(crate) enum GrantState {
    /// Somebody else has to decide.
    Proposed,
    /// The credits are there.
    Granted,
    /// They will not be.
    Refused,
    /// Nobody decided in time; never stored.
    Expired,
}

/// A grant as it is stored. Credits are in euro cents.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) id: GrantId,
    pub(crate) user_id: UserId,
    pub(crate) amount_minor: i64,
    pub(crate) reason: String,
    pub(crate) state: GrantState,
    pub(crate) proposed_by: UserId,
    pub(crate) decided_by: Option<UserId>,
    pub(crate) created_at: Instant,
    pub(crate) decided_at: Option<Instant>,
}

impl Grant {
    /// How far it is by now.
    pub(crate) fn state_at(&self, now: Instant) -> GrantState {
        match self.state {
            GrantState::Proposed if self.proposal().expires_at <= now => GrantState::Expired,
            state => state,
        }
    }

    fn proposal(&self) -> Proposal {
        Proposal {
            by: self.proposed_by,
            is_open: self.state == GrantState::Proposed,
            expires_at: self.created_at.plus(APPROVAL_WINDOW),
        }
    }
}

/// Decides on a grant that somebody else proposed; the caller has locked it.
pub(crate) async fn decide(
    db: &mut PgConnection,
    mut grant: Grant,
    is_granted: bool,
    by: UserId,
    now: Instant,
) -> ApiResult<Grant> {
    grant.proposal().check(by, now)?;
    grant.state = if is_granted { GrantState::Granted } else { GrantState::Refused };
    (grant.decided_by, grant.decided_at) = (Some(by), Some(now));
    store::save(db, &grant).await?;
    if is_granted {
        credits::give(db, grant.user_id, CreditKind::Bonus, grant.amount_minor, &grant.reason, now).await?;
    }
    Ok(grant)
}
