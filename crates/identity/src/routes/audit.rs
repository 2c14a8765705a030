//! What staff have done.

use axum::Json;
use garde::Validate;
use platform::{
    app::App,
    audit::{self, AuditFilter, AuditRow},
    auth::{StaffRole, Superuser},
    error::ApiResult,
    extract::Query,
    ids::{AuditId, UserId},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which acts; what is left out is any.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// By whom.
    #[garde(skip)]
    actor_id: Option<UserId>,
    /// In which role.
    #[garde(skip)]
    #[param(inline)]
    role: Option<StaffRole>,
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[param(min_length = 1, max_length = 100, example = "refund.create")]
    action: Option<String>,
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[param(min_length = 1, max_length = 100, example = "payment")]
    subject_type: Option<String>,
    #[garde(inner(length(chars, min = 1, max = 200)))]
    #[param(min_length = 1, max_length = 200)]
    subject_id: Option<String>,
    /// Not before.
    #[garde(skip)]
    from: Option<Instant>,
    /// Before.
    #[garde(skip)]
    to: Option<Instant>,
}

/// Something that a member of staff has done.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AuditEntry {
    id: AuditId,
    at: Instant,
    /// `null`: whoever holds the machine, at its console.
    actor_id: Option<UserId>,
    /// The role that they had then; `console` where it was nobody's.
    #[schema(example = "finance")]
    role: String,
    /// A word for what it is about, and a verb.
    #[schema(example = "refund.create")]
    action: String,
    #[schema(example = "payment")]
    subject_type: String,
    subject_id: String,
    /// Why, in their words.
    reason: Option<String>,
    /// What else is known of it.
    #[schema(value_type = Object)]
    details: Value,
    /// The request, as in the logs.
    request_id: Option<String>,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor_id: row.actor_id,
            role: row.role,
            action: row.action,
            subject_type: row.subject_type,
            subject_id: row.subject_id,
            reason: row.reason,
            details: row.details,
            request_id: row.request_id,
        }
    }
}

/// What staff have done, the newest first: for superusers.
///
/// Every act of staff is here, written together with its effect. Nobody can change or remove an entry.
#[utoipa::path(get, path = "/admin/audit/", tag = "admin", operation_id = "list_audit_log",
    security(("bearer" = [])), params(AuditQuery, PageQuery),
    responses((status = OK, description = "A page of acts.", body = Page<AuditEntry>),
        (status = FORBIDDEN, description = "`forbidden`: no superuser.")))]
pub(super) async fn list_audit_log(
    app: App,
    _staff: Superuser,
    Query(query): Query<AuditQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<AuditEntry>>> {
    let filter = AuditFilter {
        actor_id: query.actor_id,
        role: query.role,
        action: query.action,
        subject_type: query.subject_type,
        subject_id: query.subject_id,
        from: query.from,
        to: query.to,
    };
    let paging = page.paging::<AuditId>(link)?;
    let (rows, total) = audit::list(&app.db, &filter, &paging).await?;
    Ok(Json(paging.finish(rows, total, |row| row.id, AuditEntry::from)))
}
