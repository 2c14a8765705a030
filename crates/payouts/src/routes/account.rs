//! Where a provider is paid.

use axum::response::{IntoResponse as _, Response};
use garde::Validate;
use jiff::tz::TimeZone;
use platform::{
    app::App,
    auth::Provider,
    cache::Versioned,
    error::{ApiError, ApiResult, Kind},
    extract::{IfMatch, Valid},
    outbox,
    ports::gateway::{AccountStatus, NewAccount},
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::{
    account::{Account, Schedule},
    events::PayoutAccountChanged,
    jobs::refresh,
    model::PayoutError,
    store::accounts as store,
};

/// Where and how often to be paid.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"country": "DE", "bank_token": "ba_sandbox_good", "schedule": "weekly"}))]
pub(super) struct SetPayoutAccount {
    /// Where the provider does business.
    #[garde(custom(two_letters))]
    #[schema(pattern = "^[A-Z]{2}$")]
    country: String,
    /// The gateway's token for a bank account. Where absent, the gateway asks for a bank that it does not know at the
    /// `onboarding_url`.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 200)))]
    #[schema(min_length = 1, max_length = 200)]
    bank_token: Option<String>,
    /// `none` where absent.
    #[serde(default)]
    #[garde(skip)]
    schedule: Schedule,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde passes it so")]
fn two_letters(country: &str, _context: &()) -> garde::Result {
    let is_code = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { Ok(()) } else { Err(platform::validation::broken("invalid_country")) }
}

/// Whether a provider can be paid.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PayoutAccountStatus)]
enum StatusView {
    /// There is no account yet.
    None,
    /// The gateway does not know them yet.
    Pending,
    /// Yes.
    Active,
    /// Not until they tell more.
    Restricted,
    /// Never.
    Rejected,
}

/// Where a provider is paid. Numbers of banks are known to the gateway alone.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PayoutAccount)]
pub(super) struct AccountView {
    status: StatusView,
    /// Who pays: `sandbox`, `stripe`, `paypal`.
    gateway: Option<String>,
    country: Option<String>,
    /// The mail address that the gateway knows, as `m***@example.com`.
    email: Option<String>,
    /// What the gateway still wants to know, in its words.
    requirements: Vec<String>,
    /// A page of the gateway where that is told; it works once and soon expires.
    onboarding_url: Option<String>,
    /// How often everything available is withdrawn by itself.
    schedule: Schedule,
    /// When next.
    next_withdrawal_at: Option<Instant>,
    /// Grows with every change, also the `ETag`; 0 where there is no account.
    version: i32,
    created_at: Option<Instant>,
    updated_at: Option<Instant>,
}

impl AccountView {
    fn of(account: Option<Account>, onboarding_url: Option<String>) -> Self {
        let Some(account) = account else {
            return Self {
                status: StatusView::None,
                gateway: None,
                country: None,
                email: None,
                requirements: Vec::new(),
                onboarding_url: None,
                schedule: Schedule::None,
                next_withdrawal_at: None,
                version: 0,
                created_at: None,
                updated_at: None,
            };
        };
        Self {
            status: match account.status {
                AccountStatus::Pending => StatusView::Pending,
                AccountStatus::Active => StatusView::Active,
                AccountStatus::Restricted => StatusView::Restricted,
                AccountStatus::Rejected => StatusView::Rejected,
            },
            gateway: Some(account.gateway.to_string()),
            country: Some(account.country),
            email: Some(masked(&account.email)),
            requirements: account.requirements,
            onboarding_url,
            schedule: account.schedule,
            next_withdrawal_at: account.next_at,
            version: account.version,
            created_at: Some(account.created_at),
            updated_at: Some(account.updated_at),
        }
    }
}

fn masked(email: &str) -> String {
    let (name, host) = email.split_once('@').unwrap_or((email, ""));
    format!("{}***@{host}", name.chars().take(1).collect::<String>())
}

/// My payout account.
///
/// Asks the gateway as long as the account is not active, so it can be called again after the page of the gateway.
#[utoipa::path(get, path = "/providers/payout-account/", tag = "payouts", operation_id = "get_payout_account",
    security(("bearer" = [])),
    responses(
        (status = OK, description = "The account; `status` is `none` where there is none.", body = AccountView,
            headers(("ETag" = String, description = "Its version."))),
        (status = FORBIDDEN, description = "`provider_required`.")))]
pub(super) async fn get_payout_account(app: App, Provider(caller): Provider) -> ApiResult<Response> {
    let found = store::find(&mut *app.db.acquire().await?, caller.id).await?;
    let Some(account) = found else { return Ok(answer(None, None)) };
    if account.status == AccountStatus::Active {
        return Ok(answer(Some(account), None));
    }
    // What is stored is better than nothing when the gateway cannot be asked.
    let account = match refresh(&app, account.clone()).await {
        Err(error) if error.kind() == Kind::Unavailable => account,
        refreshed => refreshed?,
    };
    let page = page(&app, &account).await;
    Ok(answer(Some(account), page))
}

/// Set my payout account.
///
/// Opens an account at the gateway, or changes the bank of the one there is. Whoever hears of such changes tells the
/// provider.
#[utoipa::path(put, path = "/providers/payout-account/", tag = "payouts", operation_id = "set_payout_account",
    security(("bearer" = [])), request_body = SetPayoutAccount,
    responses(
        (status = OK, description = "The account.", body = AccountView,
            headers(("ETag" = String, description = "Its version."))),
        (status = FORBIDDEN, description = "`provider_required`."),
        (status = PRECONDITION_FAILED, description = "`stale_version`."),
        (status = UNPROCESSABLE_ENTITY, description = "`payout_account_refused`: the gateway does not take it; or a \
            field is not valid.")))]
pub(super) async fn set_payout_account(
    app: App,
    Provider(caller): Provider,
    if_match: IfMatch,
    Valid(body): Valid<SetPayoutAccount>,
) -> ApiResult<Response> {
    let gateway = app.gateways.paying_out().ok_or(PayoutError::PayoutsUnavailable)?;
    let mut db = app.db.acquire().await?;
    let current = store::find(&mut db, caller.id).await?;
    if_match.check(version(current.as_ref()))?;
    let email = store::email(&mut db, caller.id).await?;
    // The gateway may take its time: others need the connection.
    drop(db);
    let new = NewAccount {
        holder: caller.id,
        email: email.clone(),
        country: body.country.clone(),
        bank_token: body.bank_token,
    };
    let opened = gateway.open_account(&new).await.map_err(refused)?;

    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let before = store::lock(&mut tx, caller.id).await?;
    if_match.check(version(before.as_ref()))?;
    let zone = TimeZone::get(&store::timezone(&mut tx, caller.id).await?).unwrap_or(TimeZone::UTC);
    let account = Account {
        provider_id: caller.id,
        gateway: gateway.name(),
        reference: opened.reference,
        status: opened.status,
        requirements: opened.requirements,
        country: body.country,
        email,
        schedule: body.schedule,
        next_at: body.schedule.next(now, &zone),
        version: version(before.as_ref()) + 1,
        created_at: before.map_or(now, |account| account.created_at),
        updated_at: now,
    };
    store::save(&mut tx, &account).await?;
    outbox::emit(&mut tx, &PayoutAccountChanged::of(&account), now).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    let page = page(&app, &account).await;
    Ok(answer(Some(account), page))
}

/// A gateway says 402 for what it does not take; here it is a field that is not valid.
fn refused(error: ApiError) -> ApiError {
    if error.kind() == Kind::PaymentRequired { PayoutError::PayoutAccountRefused.into() } else { error }
}

/// The page where the gateway can be told what it wants. An account without one is still worth an answer.
async fn page(app: &App, account: &Account) -> Option<String> {
    if matches!(account.status, AccountStatus::Active | AccountStatus::Rejected) {
        return None;
    }
    let gateway = app.gateways.named(account.gateway)?;
    let page = gateway.account_page(&account.reference, &app.url("/")).await;
    page.inspect_err(|error| tracing::warn!(code = error.code(), "the gateway gave no page")).ok().flatten()
}

fn answer(account: Option<Account>, onboarding_url: Option<String>) -> Response {
    let view = AccountView::of(account, onboarding_url);
    Versioned(view.version, view).into_response()
}

fn version(account: Option<&Account>) -> i32 {
    account.map_or(0, |account| account.version)
}
