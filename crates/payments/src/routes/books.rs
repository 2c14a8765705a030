//! The books, for those who answer for them.

use axum::Json;
use platform::{
    app::App,
    auth::Finance,
    error::ApiResult,
    money::{Currency, Money},
    time::Instant,
};
use serde::Serialize;

use crate::{check, reconcile::Difference, store};

/// What was looked at, and what was found.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LedgerReport)]
pub(super) struct ReportView {
    /// Whether everything is as it must be.
    is_clean: bool,
    invariants: Vec<InvariantView>,
    /// What is on all accounts of a kind together, in their natural sign.
    balances: Vec<TotalView>,
    /// Where a gateway's book and ours differ, newest first; at most 100. A job compares them every day; what agrees
    /// again is not here any more. While one is here, `is_clean` is `false`.
    differences: Vec<DifferenceView>,
    /// The end of the chain of seals: noted down elsewhere, it proves later that nothing before it was changed.
    sealed_up_to: Option<String>,
}

/// Something that is always true.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LedgerInvariant)]
struct InvariantView {
    name: &'static str,
    /// What breaks it, in words; at most 100 of each sort.
    broken: Vec<String>,
}

/// The sum of the accounts of a kind.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LedgerTotal)]
struct TotalView {
    purpose: String,
    currency: Currency,
    balance: Money,
}

/// What two books say of the same movement.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LedgerDifference)]
struct DifferenceView {
    gateway: String,
    /// `charge`, `refund`, `refund_failure`, `payout`, `payout_failure`, `dispute`, `dispute_won`: lines of its book;
    /// `intent`: a charge of another amount, or that is further with one than with the other.
    kind: String,
    /// The gateway's name for it.
    reference: String,
    /// `null`: we do not have it.
    ours: Option<Money>,
    /// `null`: the gateway does not have it.
    theirs: Option<Money>,
    currency: Currency,
    /// How far we say that a charge is: `not_taken`, `reserved`, `taken`; `null` where that is not what differs.
    our_state: Option<&'static str>,
    /// How far the gateway says that it is.
    their_state: Option<&'static str>,
    found_at: Instant,
}

impl DifferenceView {
    fn of((difference, found_at): (Difference, Instant)) -> Self {
        let money = |minor: Option<i64>| minor.map(|minor| Money::new(minor, difference.currency));
        Self {
            ours: money(difference.ours),
            theirs: money(difference.theirs),
            our_state: difference.states.map(|(ours, _)| ours.into()),
            their_state: difference.states.map(|(_, theirs)| theirs.into()),
            gateway: difference.gateway.to_string(),
            kind: difference.kind,
            reference: difference.reference,
            currency: difference.currency,
            found_at,
        }
    }
}

/// Check the books: for finance.
///
/// Looks at every entry, so it takes its time where there are many; `skillbuddy ledger check` does the same.
#[utoipa::path(get, path = "/admin/ledger/check/", tag = "payments", operation_id = "check_ledger",
    security(("bearer" = [])),
    responses((status = OK, description = "What was found.", body = ReportView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(super) async fn check_ledger(app: App, _staff: Finance) -> ApiResult<Json<ReportView>> {
    let report = check::everything(&app.db, None).await?;
    let mut db = app.db.acquire().await?;
    let totals = ledger::totals(&mut db).await?;
    let differences = store::differences::newest(&mut db).await?;
    Ok(Json(ReportView {
        is_clean: report.is_clean(),
        sealed_up_to: report.head.map(|head| head.to_string()),
        invariants: report
            .invariants
            .into_iter()
            .map(|invariant| InvariantView { name: invariant.name, broken: invariant.broken })
            .collect(),
        differences: differences.into_iter().map(DifferenceView::of).collect(),
        balances: totals
            .into_iter()
            .map(|(purpose, balance)| TotalView {
                purpose: purpose.name().to_owned(),
                currency: balance.currency,
                balance,
            })
            .collect(),
    }))
}
