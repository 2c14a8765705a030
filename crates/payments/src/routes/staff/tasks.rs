//! What waits for a person of finance.

use axum::Json;
use platform::{
    app::App,
    auth::Finance,
    error::ApiResult,
    extract::Query,
    ids::PaymentId,
    money::{Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::Serialize;

use crate::store::tasks::{self, Task, TaskKind};

/// Something that somebody has to look at.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MoneyTask)]
pub(in crate::routes) struct TaskView {
    kind: TaskKind,
    /// Of the refund, the dispute, the operation, the grant, the booking or the job; of a difference the gateway's name.
    id: String,
    payment_id: Option<PaymentId>,
    amount: Option<Money>,
    since: Instant,
    /// Of a dispute: when the bank decides without us.
    due_at: Option<Instant>,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let currency = task.currency.unwrap_or(Currency::EUR);
        Self {
            kind: task.kind,
            id: task.id,
            payment_id: task.payment_id,
            amount: task.amount_minor.map(|minor| Money::new(minor, currency)),
            since: task.since,
            due_at: task.due_at,
        }
    }
}

/// What waits for a person: refunds that failed, disputes with their deadlines, gateways that do not say what became of
/// something, differences, proposals of goodwill, refunds that need two, first payments, jobs that were given up. Nothing that is
/// one's own matter. For finance.
#[utoipa::path(get, path = "/admin/payments/tasks/", tag = "payments", operation_id = "list_money_tasks",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "At most 1,000 of each kind, the most urgent first.", body = Page<TaskView>),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(in crate::routes) async fn list_tasks(
    app: App,
    Finance(staff): Finance,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<TaskView>>> {
    let found = tasks::open(&mut *app.db.acquire().await?, staff.caller.id, app.clock.now()).await?;
    Ok(Json(page.slice(link, found.into_iter().map(TaskView::from).collect(), |task: &TaskView| {
        format!("{:?} {}", task.kind, task.id)
    })?))
}
