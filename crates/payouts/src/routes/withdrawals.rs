//! Withdrawals.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Provider,
    error::{ApiError, ApiResult},
    extract::{Query, Valid},
    idempotency::Write,
    ids::WithdrawalId,
    locale::{Language, Sentence},
    money::{Amount, Currency, Money, MoneyError},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::{
    store::{accounts, withdrawals as store},
    withdrawal::{State, Withdrawal, WithdrawalKind, withdraw},
};

/// How much is to be withdrawn.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"amount": 120.50}))]
#[garde(allow_unvalidated)]
pub(super) struct CreateWithdrawal {
    #[schema(schema_with = amount_schema)]
    amount: Amount,
    /// Where absent, that of the provider's business.
    #[serde(default)]
    currency: Option<Currency>,
    /// Whether it is all that is available, before the account is deleted: then it may be less than the minimum.
    #[serde(default)]
    is_closing: Option<bool>,
}

/// An amount as everywhere, but not below the least that is worth a transfer.
fn amount_schema() -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .multiple_of(Some(0.01))
        .minimum(Some(10))
        .maximum(Some(999_999_999));
    let text =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[1-9][0-9]{1,8}(\\.[0-9]{1,2})?$"));
    let either = OneOfBuilder::new().item(number).item(text).description(Some("At least 10.00."));
    Schema::OneOf(either.build())
}

/// A withdrawal.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Withdrawal)]
pub(super) struct WithdrawalView {
    id: WithdrawalId,
    amount: Money,
    currency: Currency,
    /// `failed` also when the bank sent it back later: the money is available again.
    status: State,
    /// Why it failed: a code of docs/api-design.md.
    failure_code: Option<String>,
    /// The same in words.
    failure_message: Option<String>,
    /// Whether it was made by the schedule of the payout account.
    is_scheduled: bool,
    paid_at: Option<Instant>,
    created_at: Instant,
    updated_at: Instant,
}

impl WithdrawalView {
    fn of(withdrawal: Withdrawal, language: Language) -> Self {
        Self {
            id: withdrawal.id,
            amount: withdrawal.money(),
            currency: withdrawal.currency,
            status: withdrawal.state,
            failure_message: withdrawal.failure_code.as_deref().map(|code| language.text(code, &[])),
            failure_code: withdrawal.failure_code,
            is_scheduled: withdrawal.is_scheduled,
            paid_at: withdrawal.paid_at,
            created_at: withdrawal.created_at,
            updated_at: withdrawal.updated_at,
        }
    }
}

/// My withdrawals, newest first.
#[utoipa::path(get, path = "/providers/withdrawals/", tag = "payouts", operation_id = "list_withdrawals",
    security(("bearer" = [])), params(PageQuery),
    responses(
        (status = OK, description = "A page of withdrawals.", body = Page<WithdrawalView>),
        (status = FORBIDDEN, description = "`provider_required`.")))]
pub(super) async fn list_withdrawals(
    app: App,
    Provider(caller): Provider,
    language: Language,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<WithdrawalView>>> {
    let paging = page.paging::<WithdrawalId>(link)?;
    let (rows, total) = store::list(&mut *app.db.acquire().await?, caller.id, &paging).await?;
    let view = |withdrawal| WithdrawalView::of(withdrawal, language);
    Ok(Json(paging.finish(rows, total, |withdrawal| withdrawal.id, view)))
}

/// Withdraw money to my payout account.
///
/// Only what is available, at least 10.00 (with `is_closing` all that is left, however little), and one at a time. It is `requested`, `processing` at the gateway, and then
/// `paid` or `failed`; what failed is available again.
#[utoipa::path(post, path = "/providers/withdrawals/", tag = "payouts", operation_id = "create_withdrawal",
    security(("bearer" = [])), request_body = CreateWithdrawal,
    responses(
        (status = CREATED, description = "The withdrawal.", body = WithdrawalView),
        (status = FORBIDDEN, description = "`provider_required`."),
        (status = CONFLICT, description = "`balance_too_low`, `withdrawal_open`, `payout_account_missing`, \
            `payout_account_not_active`."),
        (status = UNPROCESSABLE_ENTITY, description = "`withdrawal_too_small`, or a field is not valid.")))]
pub(super) async fn create_withdrawal(
    app: App,
    Provider(caller): Provider,
    language: Language,
    write: Write,
    Valid(body): Valid<CreateWithdrawal>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = write.begin().await?;
    let currency = match body.currency {
        Some(currency) => currency,
        None => accounts::currency(&mut tx, caller.id).await?,
    };
    let amount = body.amount.in_currency(currency).map_err(not_an_amount)?;
    let kind = match body.is_closing {
        Some(true) => WithdrawalKind::Closing,
        _ => WithdrawalKind::Requested,
    };
    let withdrawal = withdraw(&mut tx, &app.gateways, caller.id, amount, kind, now).await?;
    tx.commit((StatusCode::CREATED, Json(WithdrawalView::of(withdrawal, language)))).await
}

fn not_an_amount(_too_many_decimals: MoneyError) -> ApiError {
    ApiError::invalid_field("amount", Sentence::new("field-invalid_amount"))
}
