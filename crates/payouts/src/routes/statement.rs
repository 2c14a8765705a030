//! What a provider has earned, as a file for their books.

use std::fmt::Write as _;

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use jiff::tz::TimeZone;
use platform::{
    app::App,
    auth::Provider,
    csv,
    error::ApiResult,
    extract::{Query, WantsPdf},
    locale::Language,
    money::Money,
};

use super::{
    earnings::{TransactionView, WindowQuery},
    paper::Statement,
};
use crate::store::overview::{self as store, GroupBy, Sums};

/// The newest lines of a file; nobody has more in a year.
const LINES: i64 = 10_000;

/// My statement, as CSV or PDF.
///
/// With `Accept: application/pdf` a document in the language of the answer, else a CSV file (RFC 4180, UTF-8 with a byte order mark, as
/// spreadsheets want it; commas and decimal points in every language), each with a line for each job, refund and withdrawal of the window, oldest first; at most the newest
/// 10,000. The status is that of a withdrawal at the end of the window; money that did not arrive comes back in a line of
/// its own, `withdrawal_failed`, on that day. So a statement of a period that is over is the same whenever it is made. Texts that a table would take for a formula begin with an apostrophe. Dates are those of the provider's time
/// zone.
#[utoipa::path(get, path = "/providers/earnings/statement/", tag = "payouts", operation_id = "get_earnings_statement",
    security(("bearer" = [])), params(WindowQuery),
    responses(
        (status = OK, description = "The file.", 
            content((String = "text/csv"), (Vec<u8> = "application/pdf"))),
        (status = FORBIDDEN, description = "`provider_required`."),
        (status = UNPROCESSABLE_ENTITY, description = "`window_reversed`, or a value is not valid.")))]
pub(super) async fn get_statement(
    app: App,
    Provider(caller): Provider,
    Query(window): Query<WindowQuery>,
    language: Language,
    WantsPdf(wants_pdf): WantsPdf,
) -> ApiResult<Response> {
    let window = window.window()?;
    let mut db = app.db.acquire().await?;
    let now = app.clock.now();
    let overview = store::overview(&mut db, caller.id, window, GroupBy::Month, LINES, now).await?;
    let zone = TimeZone::get(&overview.timezone).unwrap_or(TimeZone::UTC);
    let lines = overview.lines.0.into_iter().rev();
    let lines = lines.map(|line| TransactionView::of(line, overview.currency));
    if !wants_pdf {
        return Ok(file("text/csv; charset=utf-8", "csv", table(lines, &zone).into_bytes()));
    }
    let periods = &overview.by_period.0;
    let sum = |of: fn(&Sums) -> i64| Money::new(periods.iter().map(of).sum(), overview.currency);
    let statement = Statement {
        market: &app.settings.market,
        provider: &overview.provider,
        window,
        today: zone.to_datetime(now.timestamp()).date(),
        zone: &zone,
        lines: lines.collect(),
        sums: [sum(|s| s.gross), sum(|s| s.fees), sum(|s| s.gross - s.fees)],
        language,
    };
    Ok(file("application/pdf", "pdf", statement.pdf().await?))
}

fn file(content_type: &'static str, ending: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"statement.{ending}\"")),
        (header::VARY, "Accept".to_owned()),
    ];
    (headers, bytes).into_response()
}

fn table(lines: impl Iterator<Item = TransactionView>, zone: &TimeZone) -> String {
    let mut file = csv::head(&[
        "date",
        "type",
        "status",
        "service",
        "gross",
        "fees",
        "net",
        "currency",
        "paid_in_cash",
        "booking_id",
    ]);
    for line in lines {
        // Writing into a string cannot fail.
        let _ = write!(
            file,
            "{},{},{},{},{},{},{},{},{},{}\r\n",
            zone.to_datetime(line.created_at.timestamp()).date(),
            <&str>::from(line.r#type),
            line.final_status.unwrap_or_default(),
            csv::text(&line.service_title.unwrap_or_default()),
            line.gross,
            line.fees,
            line.amount,
            line.amount.currency,
            line.is_cash,
            line.booking_id.map(|id| id.to_string()).unwrap_or_default(),
        );
    }
    file
}
