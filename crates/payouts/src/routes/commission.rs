//! Rules for our share, as finance makes them.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Finance,
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{CategoryId, RuleId, UserId},
    locale::Sentence,
    money::{Amount, Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
    validation::broken,
};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::json;

use crate::{
    commission::{Rule, Terms, most_specific},
    store::rules::{self as store, Filter},
};

/// Our share of some jobs.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CommissionRule)]
pub(super) struct RuleView {
    id: RuleId,
    /// For everything below this category; `null`: for all.
    category_id: Option<CategoryId>,
    /// For this provider; `null`: for all.
    provider_id: Option<UserId>,
    /// For prices in this currency; `null`: in any.
    currency: Option<Currency>,
    /// The share, in hundredths of a percent.
    percent_bps: i32,
    /// An amount on top of it; `null` where there is no currency.
    fixed: Option<Money>,
    /// At least this.
    minimum: Option<Money>,
    /// Bookings from then on fall under it.
    starts_at: Instant,
    /// Bookings from then on do not.
    ended_at: Option<Instant>,
    created_at: Instant,
    /// By whom; `null`: by hand, in the database.
    created_by: Option<UserId>,
}

impl From<Rule> for RuleView {
    fn from(rule: Rule) -> Self {
        let money = |minor| Some(Money::new(minor, rule.currency?));
        Self {
            id: rule.id,
            category_id: rule.category_id,
            provider_id: rule.provider_id,
            currency: rule.currency,
            percent_bps: rule.bps,
            fixed: money(rule.fixed_minor),
            minimum: money(rule.minimum_minor),
            starts_at: rule.starts_at,
            ended_at: rule.ended_at,
            created_at: rule.created_at,
            created_by: rule.created_by,
        }
    }
}

/// Which rules.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct RulesQuery {
    /// For this very category.
    category_id: Option<CategoryId>,
    /// For this provider.
    provider_id: Option<UserId>,
    /// `true`: only those that are over; `false`: only those that are not.
    ended: Option<bool>,
}

/// Rules for our share, the newest first: for finance.
#[utoipa::path(get, path = "/admin/commission-rules/", tag = "payouts", operation_id = "list_commission_rules",
    security(("bearer" = [])), params(PageQuery, RulesQuery),
    responses((status = OK, description = "A page of rules.", body = Page<RuleView>),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(super) async fn list_rules(
    app: App,
    _staff: Finance,
    Query(query): Query<RulesQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<RuleView>>> {
    let paging = page.paging::<RuleId>(link)?;
    let filter = Filter {
        category: query.category_id,
        provider: query.provider_id,
        has_ended: query.ended,
        now: app.clock.now(),
    };
    let (rules, total) = store::list(&mut *app.db.acquire().await?, filter, &paging).await?;
    Ok(Json(paging.finish(rules, total, |rule| rule.id, RuleView::from)))
}

/// A new rule: a share of the price, with an amount on top and a least one where it is for one currency.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = NewCommissionRule, example = json!({"currency": "EUR", "percent_bps": 1200, "minimum": 1.5}))]
#[garde(allow_unvalidated)]
pub(super) struct NewRule {
    /// For everything below this category; for all where absent.
    #[serde(default)]
    category_id: Option<CategoryId>,
    /// For this provider; for all where absent.
    #[serde(default)]
    provider_id: Option<UserId>,
    /// For prices in this currency; in any where absent.
    #[serde(default)]
    currency: Option<Currency>,
    /// The share, in hundredths of a percent: 1500 for 15 %.
    #[garde(range(min = 0, max = 10_000))]
    #[schema(minimum = 0, maximum = 10_000)]
    percent_bps: u16,
    /// An amount on top of it.
    #[serde(default)]
    fixed: Option<Amount>,
    /// At least this.
    #[serde(default)]
    minimum: Option<Amount>,
    /// Bookings from then on fall under it; now where absent, and never earlier.
    #[serde(default)]
    starts_at: Option<Instant>,
    /// Another rule that ends when this one begins.
    #[serde(default)]
    replaces: Option<RuleId>,
}

impl NewRule {
    fn rule(&self, by: UserId, now: Instant) -> ApiResult<Rule> {
        let starts_at = self.starts_at.unwrap_or(now);
        if starts_at < now {
            return Err(ApiError::invalid_field("starts_at", Sentence::new("field-invalid")));
        }
        Ok(Rule {
            id: RuleId::at(now),
            category_id: self.category_id,
            provider_id: self.provider_id,
            currency: self.currency,
            bps: self.percent_bps.into(),
            fixed_minor: self.minor("fixed", self.fixed)?,
            minimum_minor: self.minor("minimum", self.minimum)?,
            starts_at,
            ended_at: None,
            created_at: now,
            created_by: Some(by),
        })
    }

    /// An amount is one of a currency.
    fn minor(&self, field: &'static str, amount: Option<Amount>) -> ApiResult<i64> {
        let Some(amount) = amount.filter(|amount| amount.hundredths() != 0) else { return Ok(0) };
        let required = || ApiError::invalid_field("currency", Sentence::new("field-required"));
        let money = amount.in_currency(self.currency.ok_or_else(required)?).ok();
        let money = money.filter(|money| money.minor > 0);
        let wrong = || ApiError::invalid_field(field, Sentence::new("field-invalid_amount"));
        Ok(money.ok_or_else(wrong)?.minor)
    }
}

/// Make a rule for our share: for finance.
///
/// Of the rules that stood when a job was booked the most specific one counts: one for the provider before one for a
/// category, a close category before a distant one, one for the currency before one for all; the oldest among equals. A
/// rule is not changed later. `replaces` ends another one at the instant at which this one begins.
#[utoipa::path(post, path = "/admin/commission-rules/", tag = "payouts", operation_id = "make_commission_rule",
    security(("bearer" = [])), request_body = NewRule,
    responses((status = CREATED, description = "The rule.", body = RuleView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `own_matter`: a rule for themselves."),
        (status = NOT_FOUND, description = "There is no such category or provider."),
        (status = UNPROCESSABLE_ENTITY, description = "An amount without a currency, a beginning in the past, or \
            `replaces` names no rule that lasts until then.")))]
pub(super) async fn make_rule(
    app: App,
    Finance(staff): Finance,
    write: Write,
    Valid(body): Valid<NewRule>,
) -> ApiResult<Response> {
    let rule = body.rule(staff.caller.id, app.clock.now())?;
    let mut tx = staff.begin(write).await?;
    let replaced = match body.replaces {
        Some(old) => store::provider_of(&mut tx, old).await?,
        None => None,
    };
    let matter = staff.matter("commission_rule", rule.id, rule.provider_id.into_iter().chain(replaced))?;
    if let Some(old) = body.replaces
        && !store::end(&mut tx, old, rule.starts_at, staff.caller.id).await?
    {
        return Err(ApiError::invalid_field("replaces", Sentence::new("field-invalid")));
    }
    if !store::insert(&mut tx, &rule).await? {
        return Err(ApiError::not_found());
    }
    let entry = matter.act("commission_rule.create").details(json!({"replaces": body.replaces}));
    tx.commit(entry, (StatusCode::CREATED, Json(RuleView::from(rule)))).await
}

/// End a rule for our share: for finance. What was booked before stays as it was agreed.
#[utoipa::path(delete, path = "/admin/commission-rules/{id}/", tag = "payouts", operation_id = "end_commission_rule",
    security(("bearer" = [])), params(("id" = RuleId, Path)),
    responses((status = NO_CONTENT, description = "No new booking falls under it."),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `own_matter`: a rule for themselves."),
        (status = NOT_FOUND, description = "There is no such rule, or it has ended.")))]
pub(super) async fn end_rule(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<RuleId>,
    write: Write,
) -> ApiResult<Response> {
    let mut tx = staff.begin(write).await?;
    let matter = staff.matter("commission_rule", id, store::provider_of(&mut tx, id).await?)?;
    if !store::end(&mut tx, id, app.clock.now(), staff.caller.id).await? {
        return Err(ApiError::not_found());
    }
    tx.commit(matter.act("commission_rule.end"), StatusCode::NO_CONTENT).await
}

/// A price that is reckoned with.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct PreviewQuery {
    category_id: CategoryId,
    /// Of nobody in particular where absent.
    provider_id: Option<UserId>,
    currency: Currency,
    /// The price.
    #[garde(custom(in_range))]
    #[serde(deserialize_with = "from_words")]
    #[param(value_type = f64, minimum = 0, maximum = 999_999_999, multiple_of = 0.01)]
    amount: Amount,
    /// When it is booked; now where absent.
    at: Option<Instant>,
}

/// A query string has no numbers.
fn from_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = String::deserialize(deserializer)?;
    let amount = serde_json::to_string(&text).and_then(|json| serde_json::from_str(&json));
    amount.map_err(|_not_one| de::Error::custom("invalid_amount"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
fn in_range(amount: &Amount, _context: &()) -> garde::Result {
    if (0..=99_999_999_900).contains(&amount.hundredths()) { Ok(()) } else { Err(broken("invalid_amount")) }
}

/// What we would take; `commission` and `net` add up to `amount`.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CommissionPreview)]
pub(super) struct PreviewView {
    /// The rule that counts; `null`: none does, and the share is that of the installation.
    rule: Option<RuleView>,
    /// The share, in hundredths of a percent.
    percent_bps: u16,
    amount: Money,
    commission: Money,
    /// What the provider earns.
    net: Money,
    currency: Currency,
}

/// Which rule would count for a job, and what it would take: for finance.
#[utoipa::path(get, path = "/admin/commission-rules/preview/", tag = "payouts",
    operation_id = "preview_commission", security(("bearer" = [])), params(PreviewQuery),
    responses((status = OK, description = "The rule, and the parts of the price.", body = PreviewView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(super) async fn preview(
    app: App,
    _staff: Finance,
    Query(query): Query<PreviewQuery>,
) -> ApiResult<Json<PreviewView>> {
    let wrong = |_too_many_decimals| ApiError::invalid_field("amount", Sentence::new("field-invalid_amount"));
    let gross = query.amount.in_currency(query.currency).map_err(wrong)?;
    let at = query.at.unwrap_or(app.clock.now());
    let mut db = app.db.acquire().await?;
    let candidates = store::candidates(&mut db, query.provider_id, query.category_id, at).await?;
    let rule = most_specific(candidates, query.currency);
    let default = || Terms::share(app.settings.market.commission_bps);
    let terms = rule.as_ref().map_or_else(default, Rule::terms);
    let commission = terms.fees(gross);
    Ok(Json(PreviewView {
        rule: rule.map(RuleView::from),
        percent_bps: terms.bps,
        amount: gross,
        commission,
        net: Money::new(gross.minor - commission.minor, gross.currency),
        currency: gross.currency,
    }))
}
