//! Promotion codes: what one gives for a booking, those of a provider, ours, and everybody's for their friends.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::{Caller, Finance, Provider},
    crypto,
    error::{ApiError, ApiResult, OnConstraint as _},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{BookingId, PromoId, UserId},
    locale::Sentence,
    money::{Amount, Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::process::{own, priced};
use crate::{
    model::PaymentError,
    promo::{Gift, Promo},
    store::promos as store,
};

/// What a booking would cost.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct QuoteQuery {
    booking_id: BookingId,
    #[garde(inner(length(min = 4, max = 24), ascii))]
    #[param(min_length = 4, max_length = 24, pattern = "^[A-Za-z0-9]+$")]
    promo_code: Option<String>,
}

/// What a booking costs by card or PayPal; `service` − `discount` + `service_fee` is `total`.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Quote)]
pub(super) struct QuoteView {
    service: Money,
    discount: Money,
    service_fee: Money,
    total: Money,
    currency: Currency,
}

/// What a booking of mine costs by card or PayPal, with a promotion code or without.
#[utoipa::path(get, path = "/payments/quote/", tag = "payments", operation_id = "quote_payment",
    security(("bearer" = [])), params(QuoteQuery),
    responses((status = OK, description = "The parts of the price.", body = QuoteView),
        (status = NOT_FOUND, description = "The caller has no such booking."),
        (status = UNPROCESSABLE_ENTITY, description = "`promo_not_found`, `promo_used`, `promo_exhausted`, \
            `promo_price_too_low`, `promo_for_new_customers`, or a value is not valid.")))]
pub(super) async fn quote(
    app: App,
    caller: Caller,
    Query(query): Query<QuoteQuery>,
) -> ApiResult<Json<QuoteView>> {
    // A transaction for the locks, which are not kept.
    let mut tx = app.db.begin().await?;
    let booking = own(&mut tx, query.booking_id, &caller).await?;
    let market = &app.settings.market;
    let priced = priced(&mut tx, &booking, query.promo_code.as_deref(), market, app.clock.now()).await?;
    let price = priced.price;
    Ok(Json(QuoteView {
        service: booking.money(booking.total_minor),
        discount: booking.money(price.discount_minor),
        service_fee: booking.money(price.fee_minor),
        total: price.total,
        currency: booking.currency,
    }))
}

/// A promotion code.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Promotion)]
pub(super) struct PromoView {
    id: PromoId,
    code: String,
    currency: Currency,
    /// What it gives; `null` where it gives a share.
    amount: Option<Money>,
    /// The share of the price that it gives, in hundredths of a percent.
    percent_bps: Option<u16>,
    at_most: Option<Money>,
    /// Only for prices from here on.
    from_price: Money,
    is_for_new_customers: bool,
    budget: Option<Money>,
    used: Money,
    starts_at: Instant,
    ends_at: Option<Instant>,
    created_at: Instant,
}

impl From<Promo> for PromoView {
    fn from(promo: Promo) -> Self {
        let money = |minor| Money::new(minor, promo.currency);
        let (amount, percent_bps) = match promo.gift {
            Gift::Amount(minor) => (Some(money(minor)), None),
            Gift::Share(bps) => (None, Some(bps)),
        };
        Self {
            id: promo.id,
            currency: promo.currency,
            amount,
            percent_bps,
            at_most: promo.at_most_minor.map(money),
            from_price: money(promo.from_minor),
            is_for_new_customers: promo.is_for_new,
            budget: promo.budget_minor.map(money),
            used: money(promo.used_minor),
            starts_at: promo.starts_at,
            ends_at: promo.ends_at,
            created_at: promo.created_at,
            code: promo.code,
        }
    }
}

/// A new promotion code: it gives an amount, or a share of the price in hundredths of a percent.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"code": "SPRING10", "currency": "EUR", "percent_bps": 1000, "at_most": 20.0, "budget": 500.0}))]
#[garde(allow_unvalidated)]
pub(super) struct NewPromo {
    /// Capital letters and digits.
    #[garde(length(min = 4, max = 24), custom(plain_code))]
    #[schema(min_length = 4, max_length = 24, pattern = "^[A-Z0-9]+$")]
    code: String,
    currency: Currency,
    #[serde(default)]
    amount: Option<Amount>,
    #[serde(default)]
    #[garde(inner(range(min = 1, max = 10_000)))]
    #[schema(minimum = 1, maximum = 10_000)]
    percent_bps: Option<u16>,
    /// It never gives more.
    #[serde(default)]
    at_most: Option<Amount>,
    /// Only for prices from here on.
    #[serde(default)]
    from_price: Option<Amount>,
    /// Only for who has never paid anything.
    #[serde(default)]
    is_for_new_customers: bool,
    /// What all uses may cost together.
    #[serde(default)]
    budget: Option<Amount>,
    /// Now where absent.
    #[serde(default)]
    starts_at: Option<Instant>,
    #[serde(default)]
    ends_at: Option<Instant>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
fn plain_code(code: &str, _context: &()) -> garde::Result {
    let is_plain = code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_plain { Ok(()) } else { Err(garde::Error::new("field-invalid")) }
}

impl NewPromo {
    fn promo(self, provider: Option<UserId>, by: UserId, now: Instant) -> ApiResult<Promo> {
        let wrong =
            |field: &'static str| ApiError::invalid_field(field, Sentence::new("field-invalid_amount"));
        let minor = |field: &'static str, amount: Option<Amount>| {
            let Some(amount) = amount else { return Ok(None) };
            let money = amount.in_currency(self.currency).map_err(|_e| wrong(field))?;
            if money.minor > 0 { Ok(Some(money.minor)) } else { Err(wrong(field)) }
        };
        let gift = match (minor("amount", self.amount)?, self.percent_bps) {
            (Some(amount), None) => Gift::Amount(amount),
            (None, Some(bps)) => Gift::Share(bps),
            _ => return Err(wrong("amount")),
        };
        let starts_at = self.starts_at.unwrap_or(now);
        if self.ends_at.is_some_and(|end| end <= starts_at) {
            return Err(ApiError::invalid_field("ends_at", Sentence::new("field-invalid")));
        }
        Ok(Promo {
            id: PromoId::at(now),
            provider_id: provider,
            referrer_id: None,
            currency: self.currency,
            gift,
            at_most_minor: minor("at_most", self.at_most)?,
            from_minor: minor("from_price", self.from_price)?.unwrap_or(0),
            is_for_new: self.is_for_new_customers,
            budget_minor: minor("budget", self.budget)?,
            used_minor: 0,
            starts_at,
            ends_at: self.ends_at,
            created_by: by,
            created_at: now,
            code: self.code,
        })
    }
}

async fn make(db: &mut PgConnection, promo: &Promo) -> ApiResult<()> {
    let written = store::insert(db, promo).await;
    written.on_constraint("promo_codes_code_key", PaymentError::PromoCodeTaken)
}

/// Promotions of mine.
#[utoipa::path(get, path = "/providers/promotions/", tag = "payments", operation_id = "list_my_promotions",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "The newest 1,000.", body = Page<PromoView>),
        (status = FORBIDDEN, description = "`provider_required`.")))]
pub(super) async fn list_mine(
    app: App,
    Provider(caller): Provider,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<PromoView>>> {
    list(&app, Some(caller.id), (page, link)).await
}

/// Make a promotion: customers pay less for my services, and I earn less.
#[utoipa::path(post, path = "/providers/promotions/", tag = "payments", operation_id = "make_my_promotion",
    security(("bearer" = [])), request_body = NewPromo,
    responses((status = CREATED, description = "The promotion.", body = PromoView),
        (status = FORBIDDEN, description = "`provider_required`."),
        (status = CONFLICT, description = "`promo_code_taken`.")))]
pub(super) async fn make_mine(
    app: App,
    Provider(caller): Provider,
    write: Write,
    Valid(body): Valid<NewPromo>,
) -> ApiResult<Response> {
    let promo = body.promo(Some(caller.id), caller.id, app.clock.now())?;
    let mut tx = write.begin().await?;
    make(&mut tx, &promo).await?;
    tx.commit((StatusCode::CREATED, Json(PromoView::from(promo)))).await
}

/// End a promotion of mine.
#[utoipa::path(delete, path = "/providers/promotions/{id}/", tag = "payments", operation_id = "end_my_promotion",
    security(("bearer" = [])), params(("id" = PromoId, Path)),
    responses((status = NO_CONTENT, description = "It cannot be used any more."),
        (status = FORBIDDEN, description = "`provider_required`.")))]
pub(super) async fn end_mine(
    app: App,
    Provider(caller): Provider,
    Path(id): Path<PromoId>,
) -> ApiResult<StatusCode> {
    end(&mut *app.db.acquire().await?, id, Some(caller.id), app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Promotions that we pay for: for finance.
#[utoipa::path(get, path = "/admin/promotions/", tag = "payments", operation_id = "list_promotions",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "The newest 1,000.", body = Page<PromoView>),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(super) async fn list_ours(
    app: App,
    _staff: Finance,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<PromoView>>> {
    list(&app, None, (page, link)).await
}

/// Make a promotion that we pay for: customers pay less, and providers earn the same.
#[utoipa::path(post, path = "/admin/promotions/", tag = "payments", operation_id = "make_promotion",
    security(("bearer" = [])), request_body = NewPromo,
    responses((status = CREATED, description = "The promotion.", body = PromoView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance."),
        (status = CONFLICT, description = "`promo_code_taken`.")))]
pub(super) async fn make_ours(
    app: App,
    Finance(staff): Finance,
    write: Write,
    Valid(body): Valid<NewPromo>,
) -> ApiResult<Response> {
    let promo = body.promo(None, staff.caller.id, app.clock.now())?;
    let entry = staff.matter("promotion", promo.id, [])?.act("promotion.create");
    let mut tx = staff.begin(write).await?;
    make(&mut tx, &promo).await?;
    tx.commit(entry, (StatusCode::CREATED, Json(PromoView::from(promo)))).await
}

/// End a promotion that we pay for.
#[utoipa::path(delete, path = "/admin/promotions/{id}/", tag = "payments", operation_id = "end_promotion",
    security(("bearer" = [])), params(("id" = PromoId, Path)),
    responses((status = NO_CONTENT, description = "It cannot be used any more."),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(super) async fn end_ours(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<PromoId>,
    write: Write,
) -> ApiResult<Response> {
    let entry = staff.matter("promotion", id, [])?.act("promotion.end");
    let mut tx = staff.begin(write).await?;
    end(&mut tx, id, None, app.clock.now()).await?;
    tx.commit(entry, StatusCode::NO_CONTENT).await
}

async fn list(
    app: &App,
    provider: Option<UserId>,
    (page, link): (PageQuery, Link),
) -> ApiResult<Json<Page<PromoView>>> {
    let found = store::list(&mut *app.db.acquire().await?, provider).await?;
    let promos = found.into_iter().map(PromoView::from).collect();
    Ok(Json(page.slice(link, promos, |promo: &PromoView| promo.id.to_string())?))
}

async fn end(db: &mut PgConnection, id: PromoId, provider: Option<UserId>, now: Instant) -> ApiResult<()> {
    if store::end(db, id, provider, now).await? { Ok(()) } else { Err(ApiError::not_found()) }
}

/// A code for one's friends.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Referral)]
pub(super) struct ReferralView {
    /// A promotion code for who has never paid anything.
    code: String,
    /// What a friend saves, and what the inviter gets in credits when the friend's first booking is done.
    reward: Money,
    /// How many friends had a booking done.
    friends: i64,
}

/// My code for friends; made when it is first asked for.
#[utoipa::path(get, path = "/users/{id}/referral/", tag = "payments", operation_id = "get_referral",
    security(("bearer" = [])), params(("id" = UserId, Path)),
    responses((status = OK, description = "The code.", body = ReferralView),
        (status = NOT_FOUND, description = "Of somebody else, or nobody is rewarded here.")))]
pub(super) async fn get_referral(
    app: App,
    caller: Caller,
    Path(id): Path<UserId>,
) -> ApiResult<Json<ReferralView>> {
    let reward = i64::from(app.settings.market.referral_reward);
    if caller.id != id || reward == 0 {
        return Err(ApiError::not_found());
    }
    let mut db = app.db.acquire().await?;
    let mut found = store::of_referrer(&mut db, id).await?;
    if found.is_none() {
        store::insert_referral(&mut db, &referral(id, reward, app.clock.now())?).await?;
        found = store::of_referrer(&mut db, id).await?;
    }
    let code = found.ok_or_else(ApiError::not_found)?;
    let friends = store::friends(&mut db, id).await?;
    Ok(Json(ReferralView { code, reward: Money::new(reward, Currency::EUR), friends }))
}

/// Nobody guesses it.
fn referral(user: UserId, reward: i64, now: Instant) -> ApiResult<Promo> {
    let letters = crypto::random::<6>()?.map(|byte| format!("{byte:02X}"));
    Ok(Promo {
        id: PromoId::at(now),
        code: format!("F{}", letters.concat()),
        provider_id: None,
        referrer_id: Some(user),
        currency: Currency::EUR,
        gift: Gift::Amount(reward),
        at_most_minor: None,
        from_minor: 2 * reward,
        is_for_new: true,
        budget_minor: None,
        used_minor: 0,
        starts_at: now,
        ends_at: None,
        created_by: user,
        created_at: now,
    })
}
