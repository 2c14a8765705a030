//! Everything that happened to somebody's money, in one list: on the screen, or as a file.

use std::fmt::Write as _;

use axum::{
    Json,
    http::header,
    response::{IntoResponse as _, Response},
};
use garde::Validate;
use jiff::ToSpan as _;
use platform::{
    app::App,
    auth::Caller,
    csv,
    error::ApiResult,
    extract::{Query, WantsCsv},
    ids::{BookingId, PaymentId},
    money::{Currency, Money},
    page::{EXACT_COUNT, Link, Page, PageQuery},
    time::Instant,
};
use scheduling::CalendarDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::{
    activity::{self, Activity, ActivityKind, Window},
    views::midnight,
};

/// On a screen; one more tells that there are more.
const SHOWN: i64 = EXACT_COUNT + 1;
/// In a file; nobody has more in a year.
const LISTED: i64 = 10_000;

/// Which part of it.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct ActivityQuery {
    /// From this date (UTC) on.
    from: Option<CalendarDate>,
    /// Up to this date and with it.
    to: Option<CalendarDate>,
    #[param(inline)]
    kind: Option<ActivityKind>,
}

/// Something that happened to my money.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Activity)]
pub(super) struct ActivityView {
    id: Uuid,
    kind: ActivityKind,
    at: Instant,
    /// Below zero it cost me.
    amount: Money,
    currency: Currency,
    /// Of a refund or a payout its `status`, of credits their `transaction_type`, of a dispute whether it is `open` or
    /// `lost` (one that was won has changed nothing, and is not shown), else `succeeded`.
    status: String,
    title: Option<String>,
    payment_id: Option<PaymentId>,
    booking_id: Option<BookingId>,
}

impl From<Activity> for ActivityView {
    fn from(of: Activity) -> Self {
        Self {
            id: of.id,
            kind: of.kind,
            at: of.at,
            amount: Money::new(of.amount_minor, of.currency),
            currency: of.currency,
            status: of.status,
            title: of.title,
            payment_id: of.payment_id,
            booking_id: of.booking_id,
        }
    }
}

/// What happened to my money: charges, tips, refunds, disputes, credits and payouts in one list, newest first.
///
/// As JSON in pages, the newest 1,000; with `Accept: text/csv` a file (RFC 4180, UTF-8 with a byte order mark) with at most 10,000 lines. Texts that a table would
/// take for a formula begin with an apostrophe.
#[utoipa::path(get, path = "/payments/activity/", tag = "payments", operation_id = "list_activity",
    security(("bearer" = [])), params(ActivityQuery, PageQuery),
    responses((status = OK, description = "What happened.",
        content((Page<ActivityView> = "application/json"), (String = "text/csv")))))]
pub(super) async fn list_activity(
    app: App,
    caller: Caller,
    Query(query): Query<ActivityQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
    WantsCsv(wants_csv): WantsCsv,
) -> ApiResult<Response> {
    let (from, to) = (query.from.map(CalendarDate::date), query.to.map(CalendarDate::date));
    let window = Window {
        from: from.map(midnight),
        until: to.map(|to| midnight(to.saturating_add(1.day()))),
        kind: query.kind,
        most: if wants_csv { LISTED } else { SHOWN },
    };
    let found = activity::of_user(&mut *app.db.acquire().await?, caller.id, window).await?;
    let results: Vec<_> = found.into_iter().map(ActivityView::from).collect();
    if !wants_csv {
        let page = page.slice(link, results, |line: &ActivityView| format!("{} {:?}", line.id, line.kind))?;
        return Ok(Json(page).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"payments.csv\""),
        (header::VARY, "Accept"),
    ];
    Ok((headers, file(&results)).into_response())
}

fn file(lines: &[ActivityView]) -> String {
    let mut file =
        csv::head(&["at", "kind", "status", "title", "amount", "currency", "payment_id", "booking_id"]);
    let id = |id: Option<String>| id.unwrap_or_default();
    for line in lines {
        // Writing into a string cannot fail.
        let _ = write!(
            file,
            "{},{},{},{},{},{},{},{}\r\n",
            line.at,
            <&str>::from(line.kind),
            line.status,
            csv::text(line.title.as_deref().unwrap_or_default()),
            line.amount,
            line.currency,
            id(line.payment_id.map(|id| id.to_string())),
            id(line.booking_id.map(|id| id.to_string())),
        );
    }
    file
}
