//! Reading payments.

use axum::Json;
use bookings::PaymentType;
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, Query},
    ids::PaymentId,
    page::{Link, Page, PageQuery},
};
use scheduling::CalendarDate;
use serde::Deserialize;

use super::view::PaymentView;
use crate::{
    model::Status,
    store::views::{self, Filter, Shown},
};

/// Which payments.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct PaymentQuery {
    /// Those that were begun on this date (UTC) or later.
    from: Option<CalendarDate>,
    /// Those that were begun on this date or earlier.
    to: Option<CalendarDate>,
    #[param(inline)]
    status: Option<Status>,
    /// By their `payment_type`.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<PaymentType>,
}

/// My payments, newest first.
#[utoipa::path(get, path = "/payments/history/", tag = "payments", operation_id = "list_payments",
    security(("bearer" = [])), params(PaymentQuery, PageQuery),
    responses((status = OK, description = "A page of payments.", body = Page<PaymentView>)))]
pub(super) async fn list_payments(
    app: App,
    caller: Caller,
    Query(query): Query<PaymentQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<PaymentView>>> {
    let filter = Filter {
        user: caller.id,
        from: query.from.map(CalendarDate::date),
        to: query.to.map(CalendarDate::date),
        status: query.status,
        kind: query.kind,
    };
    let paging = page.paging::<PaymentId>(link)?;
    let (rows, total) = views::list(&mut *app.db.acquire().await?, &filter, &paging).await?;
    let Page { count, count_exact, next, previous, results } =
        paging.finish(rows, total, |row| row.id, |row| PaymentView::of(&app, row, caller.id));
    let results = results.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Json(Page { count, count_exact, next, previous, results }))
}

/// A payment: of mine, for my work, or any for staff.
#[utoipa::path(get, path = "/payments/{id}/", tag = "payments", operation_id = "get_payment",
    security(("bearer" = [])), params(("id" = PaymentId, Path)),
    responses((status = OK, description = "The payment.", body = PaymentView)))]
pub(super) async fn get_payment(
    app: App,
    caller: Caller,
    Path(id): Path<PaymentId>,
) -> ApiResult<Json<PaymentView>> {
    let shown = shown(&app, id, &caller).await?;
    Ok(Json(PaymentView::of(&app, shown, caller.id)?))
}

/// A payment that the caller may see.
pub(super) async fn shown(app: &App, id: PaymentId, caller: &Caller) -> ApiResult<Shown> {
    let found = views::find(&mut *app.db.acquire().await?, id).await?;
    let sees = |shown: &Shown| {
        shown.user_id == caller.id || shown.provider_id == Some(caller.id) || caller.staff.is_some()
    };
    found.filter(sees).ok_or_else(ApiError::not_found)
}
