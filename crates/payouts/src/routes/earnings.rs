//! What a provider has earned.

use axum::Json;
use garde::Validate;
use jiff::civil::Date;
use platform::{
    app::App,
    auth::Provider,
    error::{ApiError, ApiResult, Kind},
    extract::Query,
    ids::BookingId,
    money::{Currency, Money},
    time::Instant,
};
use scheduling::CalendarDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::overview::{self as store, CurrencySum, GroupBy, Line, LineType, Overview, Sums, Window};

/// The newest lines that come with the sums.
const LINES: i64 = 100;

/// Which part of the history.
#[derive(Clone, Copy, Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct WindowQuery {
    /// From this day on, where the provider is.
    from: Option<CalendarDate>,
    /// Up to this day and with it.
    to: Option<CalendarDate>,
    /// Where absent, that of the provider's business.
    currency: Option<Currency>,
}

impl WindowQuery {
    pub(super) fn window(self) -> ApiResult<Window> {
        let (from, to) = (self.from.map(CalendarDate::date), self.to.map(CalendarDate::date));
        let window = Window { from, to, currency: self.currency };
        match (window.from, window.to) {
            (Some(from), Some(to)) if to < from => Err(ApiError::new(Kind::Invalid, "window_reversed")),
            _ => Ok(window),
        }
    }
}

/// How it is added up.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct GroupQuery {
    /// `month` where absent.
    #[param(inline)]
    group_by: Option<GroupBy>,
}

/// What a provider has earned and where it is. `total` is what is pending, available, on its way, withdrawn and was paid
/// in cash, less what is owed.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Earnings)]
pub(super) struct EarningsView {
    currency: Currency,
    /// Where days and months begin and end.
    timezone: String,
    /// All that was ever earned, after our share and without what went back.
    total: Money,
    /// The same in each currency in which something was earned.
    by_currency: Vec<CurrencyView>,
    /// Earned, but the customer can still complain.
    pending: Money,
    /// Can be withdrawn.
    available: Money,
    /// On its way to the bank.
    in_payout: Money,
    /// Arrived at the bank.
    withdrawn: Money,
    /// What customers paid on site.
    paid_in_cash: Money,
    /// Our share of jobs paid in cash and refunds of money that was withdrawn: later earnings pay it first.
    owed: Money,
    this_month: Money,
    last_month: Money,
    /// Periods in which something was earned or went back, oldest first.
    by_period: Vec<PeriodView>,
    /// What happened in the window, newest first; at most 100.
    transactions: Vec<TransactionView>,
}

/// All that was ever earned in a currency.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EarningsCurrency)]
struct CurrencyView {
    currency: Currency,
    total: Money,
}

impl CurrencyView {
    fn of(sum: &CurrencySum) -> Self {
        Self { currency: sum.currency, total: Money::new(sum.net, sum.currency) }
    }
}

/// The sums of a period; `gross` is `fees` and `net`.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EarningsPeriod)]
struct PeriodView {
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    period: Date,
    /// What customers paid, less what went back to them.
    gross: Money,
    /// Our share of it.
    fees: Money,
    net: Money,
    /// How much of it is tips, of which we take nothing.
    tips: Money,
    /// What went back to customers; it is not in `gross` any more.
    refunds: Money,
    /// How many jobs were done; one that is paid in parts is counted with the first.
    jobs: i64,
}

/// Something that happened.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EarningsTransaction)]
pub(super) struct TransactionView {
    id: Uuid,
    pub(super) r#type: LineType,
    /// What it brought the provider; below zero, what it took.
    pub(super) amount: Money,
    /// What the customer paid; below zero, what went back to them.
    pub(super) gross: Money,
    /// Our share of that.
    pub(super) fees: Money,
    currency: Currency,
    /// Of a job `pending`, `held`, `released` or `reversed`; of a withdrawal its `status`; else `null`.
    pub(super) status: Option<String>,
    #[serde(skip)]
    pub(super) final_status: Option<String>,
    /// Whether the customer paid on site.
    pub(super) is_cash: bool,
    pub(super) booking_id: Option<BookingId>,
    pub(super) service_title: Option<String>,
    pub(super) created_at: Instant,
}

impl From<Overview> for EarningsView {
    fn from(of: Overview) -> Self {
        let currency = of.currency;
        let money = |minor| Money::new(minor, currency);
        Self {
            currency,
            timezone: of.timezone,
            total: money(of.total),
            by_currency: of.by_currency.0.iter().map(CurrencyView::of).collect(),
            pending: money(of.pending),
            available: money(of.available),
            in_payout: money(of.in_payout),
            withdrawn: money(of.withdrawn),
            paid_in_cash: money(of.paid_in_cash),
            owed: money(of.owed),
            this_month: money(of.this_month),
            last_month: money(of.last_month),
            by_period: of.by_period.0.into_iter().map(|sums| PeriodView::of(&sums, currency)).collect(),
            transactions: of.lines.0.into_iter().map(|line| TransactionView::of(line, currency)).collect(),
        }
    }
}

impl PeriodView {
    fn of(sums: &Sums, currency: Currency) -> Self {
        let money = |minor| Money::new(minor, currency);
        Self {
            period: sums.period,
            gross: money(sums.gross),
            fees: money(sums.fees),
            net: money(sums.gross - sums.fees),
            tips: money(sums.tips),
            refunds: money(sums.refunds),
            jobs: sums.jobs,
        }
    }
}

impl TransactionView {
    pub(super) fn of(line: Line, currency: Currency) -> Self {
        let money = |minor| Money::new(minor, currency);
        Self {
            id: line.id,
            r#type: line.r#type,
            amount: money(line.gross - line.fees),
            gross: money(line.gross),
            fees: money(line.fees),
            currency,
            status: line.status,
            final_status: line.final_status,
            is_cash: line.is_cash,
            booking_id: line.booking_id,
            service_title: line.service_title,
            created_at: line.at,
        }
    }
}

/// What I have earned.
///
/// Everything counts on the day of its posting: a part of a price when it is paid, a refund when it is made. A period
/// that is over never changes.
///
/// `from` and `to` choose the days of `by_period` and `transactions`; all sums beside them are of all time. Days, weeks
/// and months are those of the provider's time zone.
#[utoipa::path(get, path = "/providers/earnings/", tag = "payouts", operation_id = "get_earnings",
    security(("bearer" = [])), params(WindowQuery, GroupQuery),
    responses(
        (status = OK, description = "The earnings.", body = EarningsView),
        (status = FORBIDDEN, description = "`provider_required`."),
        (status = UNPROCESSABLE_ENTITY, description = "`window_reversed`, or a value is not valid.")))]
pub(super) async fn get_earnings(
    app: App,
    Provider(caller): Provider,
    Query(window): Query<WindowQuery>,
    Query(group): Query<GroupQuery>,
) -> ApiResult<Json<EarningsView>> {
    let (window, now) = (window.window()?, app.clock.now());
    let mut db = app.db.acquire().await?;
    let overview =
        store::overview(&mut db, caller.id, window, group.group_by.unwrap_or_default(), LINES, now).await?;
    Ok(Json(overview.into()))
}
