//! The papers of a payment, for whoever tells its payer of them.

use platform::{config::MarketSettings, error::ApiResult, ids::PaymentId, money::Money, time::Instant};
use sqlx::PgConnection;

use crate::{receipt, store};

/// A receipt or a credit note that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// As it is printed.
    pub number: String,
    /// Whether it tells of money that went back.
    pub is_credit_note: bool,
    /// What was paid, or went back.
    pub amount: Money,
}

/// The receipt of a payment and its credit notes, issued where they were not; nothing before all
/// of it is paid that ever will be. The
/// transaction is to be committed.
pub async fn issue(
    db: &mut PgConnection,
    payment: PaymentId,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<Vec<Issued>> {
    let found = store::views::find(db, payment).await?;
    let Some(shown) = found.filter(store::views::Shown::has_receipt) else { return Ok(Vec::new()) };
    let papers = receipt::papers(db, &shown, market, now).await?;
    let all = std::iter::once(papers.receipt).chain(papers.credit_notes);
    let issued = all.map(|paper| Issued {
        number: paper.name(),
        is_credit_note: paper.refund_id.is_some(),
        amount: paper.amount(),
    });
    Ok(issued.collect())
}
