//! The SQL of what a provider has earned.

use jiff::civil::Date;
use platform::{
    ids::{BookingId, UserId},
    money::Currency,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// By what earnings are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, strum::IntoStaticStr, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum GroupBy {
    /// By days.
    Day,
    /// By weeks that begin on Monday.
    Week,
    /// By months.
    #[default]
    Month,
}

/// Which part of the history is looked at, in days of the provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: Option<Date>,
    pub(crate) to: Option<Date>,
    /// That of the provider's business where absent.
    pub(crate) currency: Option<Currency>,
}

/// What a provider has earned and where it is, in minor units.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    pub(crate) provider: String,
    pub(crate) currency: Currency,
    pub(crate) timezone: String,
    pub(crate) total: i64,
    pub(crate) by_currency: Json<Vec<CurrencySum>>,
    pub(crate) pending: i64,
    pub(crate) available: i64,
    pub(crate) in_payout: i64,
    pub(crate) withdrawn: i64,
    pub(crate) paid_in_cash: i64,
    pub(crate) owed: i64,
    pub(crate) this_month: i64,
    pub(crate) last_month: i64,
    pub(crate) by_period: Json<Vec<Sums>>,
    pub(crate) lines: Json<Vec<Line>>,
}

/// What was earned in a currency.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CurrencySum {
    pub(crate) currency: Currency,
    pub(crate) net: i64,
}

/// The sums of a period.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Sums {
    pub(crate) period: Date,
    pub(crate) gross: i64,
    pub(crate) fees: i64,
    /// How much of the gross is tips.
    pub(crate) tips: i64,
    /// How much went back to customers; it is not in the gross any more.
    pub(crate) refunds: i64,
    pub(crate) jobs: i64,
}

/// What sort of line of the history.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = EarningsTransactionType)]
pub(crate) enum LineType {
    /// A job.
    Earning,
    /// What a customer gave on top.
    Tip,
    /// Money of a job, or a tip, that went back to the customer.
    Refund,
    /// Money on its way to the provider's bank.
    Withdrawal,
    /// Such money that did not arrive, or was sent back: it is available again.
    WithdrawalFailed,
}

/// A line of the history.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: Uuid,
    pub(crate) r#type: LineType,
    pub(crate) at: Instant,
    pub(crate) gross: i64,
    pub(crate) fees: i64,
    pub(crate) is_cash: bool,
    pub(crate) status: Option<String>,
    /// Of a withdrawal: how it stood when the window ended.
    pub(crate) final_status: Option<String>,
    pub(crate) booking_id: Option<BookingId>,
    pub(crate) service_title: Option<String>,
}

/// What a provider has earned, with at most so many lines of the history, newest first.
pub(crate) async fn overview(
    db: &mut PgConnection,
    provider: UserId,
    window: Window,
    group_by: GroupBy,
    lines: i64,
    now: Instant,
) -> sqlx::Result<Overview> {
    sqlx::query_as!(
        Overview,
        r#"with provider as (
               select p.user_id as id, u.name, coalesce($2, p.currency) as currency, coalesce(s.timezone, u.timezone) as zone,
                      date_trunc('month', $7::timestamptz at time zone coalesce(s.timezone, u.timezone)) as this_month
                 from providers p
                 join users u on u.id = p.user_id
                 left join schedules s on s.provider_id = p.user_id
                where p.user_id = $1
           ), earned as (
               select n.id, n.seq, n.kind as type, n.posted_at as at, n.gross_minor as gross, n.fees_minor as fees, n.is_cash,
                      n.is_first, case n.kind when 'earning' then e.state end as status, n.booking_id, n.service_title,
                      n.posted_at at time zone p.zone as local
                 from provider p
                 join earning_entries n on n.provider_id = p.id and n.currency = p.currency
                 left join earnings e on e.booking_id = n.booking_id
           ), withdrawal as (
               select w.*, (w.created_at at time zone p.zone)::date as created_on,
                      (w.paid_at at time zone p.zone)::date as paid_on,
                      case w.state when 'failed' then (w.updated_at at time zone p.zone)::date end as failed_on
                 from provider p
                 join withdrawals w on w.provider_id = p.id and w.currency = p.currency
           ), line as (
               select id, seq, type, at, gross, fees, is_cash, status, null as final_status, booking_id, service_title,
                      local::date as day
                 from earned
               union all
               select id, 0, 'withdrawal', created_at, -amount_minor, 0, false, state,
                      case when failed_on <= coalesce($4::text::date, 'infinity') then 'failed'
                           when paid_on <= coalesce($4::text::date, 'infinity') then 'paid'
                           else 'processing' end, null, null, created_on
                 from withdrawal
               union all
               -- What failed comes back when it fails: perhaps long after the period in which it went.
               select md5('failed ' || id)::uuid, 1, 'withdrawal_failed', updated_at, amount_minor, 0, false, null, null,
                      null, null, failed_on
                 from withdrawal where failed_on is not null
           ), sums as (
               select sum(gross - fees) as total,
                      sum(gross) filter (where is_cash) as paid_in_cash,
                      sum(gross - fees) filter (where local >= this_month) as this_month,
                      sum(gross - fees) filter (where local < this_month and local >= this_month - interval '1 month')
                          as last_month
                 from provider, earned
           ), purse as (
               select sum(balance) filter (where purpose = 'provider_pending') as pending,
                      sum(balance) filter (where purpose = 'provider_available') as available,
                      sum(balance) filter (where purpose = 'provider_in_payout') as in_payout,
                      sum(balance) filter (where purpose = 'provider_owed') as owed
                 from provider p
                 join ledger_balances b on b.owner = p.id and b.currency = p.currency
                where b.purpose in ('provider_pending', 'provider_available', 'provider_in_payout', 'provider_owed')
           )
           select p.name as "provider!", p.currency as "currency!: Currency", p.zone as "timezone!",
                  coalesce(sums.total, 0)::bigint as "total!",
                  (select coalesce(json_agg(json_build_object('currency', t.currency, 'net', t.net_minor)
                                            order by t.currency), '[]')
                     from provider_earnings t where t.provider_id = p.id) as "by_currency!: Json<Vec<CurrencySum>>",
                  coalesce(purse.pending, 0)::bigint as "pending!",
                  coalesce(purse.available, 0)::bigint as "available!",
                  coalesce(purse.in_payout, 0)::bigint as "in_payout!",
                  coalesce(purse.owed, 0)::bigint as "owed!",
                  coalesce((select sum(amount_minor) from withdrawal where state = 'paid'), 0)::bigint as "withdrawn!",
                  coalesce(sums.paid_in_cash, 0)::bigint as "paid_in_cash!",
                  coalesce(sums.this_month, 0)::bigint as "this_month!",
                  coalesce(sums.last_month, 0)::bigint as "last_month!",
                  (select coalesce(json_agg(g order by g.period), '[]')
                     from (select date_trunc($5, local)::date as period, sum(gross)::bigint as gross,
                                  sum(fees)::bigint as fees, count(*) filter (where is_first) as jobs,
                                  coalesce(sum(gross) filter (where type = 'tip'), 0)::bigint as tips,
                                  coalesce(-sum(gross) filter (where type = 'refund'), 0)::bigint as refunds
                             from earned
                            where local::date >= coalesce($3::text::date, '-infinity')
                              and local::date <= coalesce($4::text::date, 'infinity')
                            group by 1) g) as "by_period!: Json<Vec<Sums>>",
                  (select coalesce(json_agg(l order by l.at desc, l.seq desc, l.id desc), '[]')
                     from (select * from line
                            where day >= coalesce($3::text::date, '-infinity')
                              and day <= coalesce($4::text::date, 'infinity')
                            order by at desc, seq desc, id desc limit $6) l) as "lines!: Json<Vec<Line>>"
             from provider p, sums, purse"#,
        provider as _,
        window.currency as _,
        window.from.map(|date| date.to_string()),
        window.to.map(|date| date.to_string()),
        <&str>::from(group_by),
        lines,
        now as _,
    )
    .fetch_one(db)
    .await
}
