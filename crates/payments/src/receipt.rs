//! Receipts: what was paid, to whom, in which tender. One a payment, made when it is first asked for, numbered without
//! gaps, and never changed; what went back since is added when it is read.

use platform::{
    error::ApiResult,
    ids::{BookingId, PaymentId},
    money::{Currency, Money},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::{self, views::Shown};

/// Who issues receipts.
const ENTITY: &str = "SB";

/// What a receipt says, as it was when it was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) customer: String,
    pub(crate) provider: String,
    pub(crate) booking_id: Option<BookingId>,
    pub(crate) reference: Option<String>,
    pub(crate) title: String,
    pub(crate) paid_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) method: String,
}

/// A receipt as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) id: Uuid,
    pub(crate) number: i64,
    pub(crate) payment_id: PaymentId,
    pub(crate) content: Content,
    pub(crate) issued_at: Instant,
}

impl Receipt {
    /// The number as it is printed.
    pub(crate) fn name(&self) -> String {
        format!("{ENTITY}-{:08}", self.number)
    }

    pub(crate) fn paid(&self) -> Money {
        Money::new(self.content.paid_minor, self.content.currency)
    }
}

/// The receipt of a payment, issued now where there is none.
pub(crate) async fn of(db: &mut PgConnection, shown: &Shown, now: Instant) -> ApiResult<Receipt> {
    if let Some(found) = store::receipts::find(db, shown.id).await? {
        return Ok(found);
    }
    // Whoever comes second waits here, and finds the first one's.
    store::receipts::lock_numbers(db, ENTITY).await?;
    if let Some(found) = store::receipts::find(db, shown.id).await? {
        return Ok(found);
    }
    let number = store::receipts::next_number(db, ENTITY).await?;
    let (customer, provider, reference) = store::receipts::names(db, shown.id).await?;
    let content = Content {
        customer,
        provider: provider.unwrap_or_else(|| "SkillBuddy".to_owned()),
        booking_id: shown.booking_id,
        reference,
        title: shown.title.clone(),
        paid_minor: shown.captured_minor,
        currency: shown.currency,
        method: shown.payment_method_word(),
    };
    let receipt =
        Receipt { id: PaymentId::at(now).uuid(), number, payment_id: shown.id, content, issued_at: now };
    store::receipts::insert(db, ENTITY, &receipt).await?;
    Ok(receipt)
}
