//! Receipts and credit notes: what was paid, to whom, in which tender, and what went back. One a payment and one a
//! refund, made when they are first asked for, numbered without gaps, and never changed.

use jiff::{civil::Date, tz::TimeZone};
use payouts::TaxProfile;
use platform::{
    config::MarketSettings,
    error::ApiResult,
    ids::{BookingId, PaymentId, RefundId},
    money::{Currency, Money},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    price::Shares,
    store::{self, views::Shown},
};

/// What a receipt says, as it was when it was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// Who issues it: name, address, tax number.
    pub(crate) issuer: Vec<String>,
    pub(crate) customer: String,
    pub(crate) provider: String,
    pub(crate) booking_id: Option<BookingId>,
    pub(crate) reference: Option<String>,
    pub(crate) title: String,
    /// What was paid; in a credit note, what goes back.
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) tender: Vec<Tender>,
    /// What the amount is made of, where it is more than the service; of a credit note never.
    #[serde(default)]
    pub(crate) lines: Vec<Line>,
    /// The tax that the price of the work contains; nothing where its provider has named none.
    #[serde(default)]
    pub(crate) tax: Option<Tax>,
    /// Of a credit note: why.
    pub(crate) reason: Option<String>,
    /// Of a credit note: the receipt that it corrects.
    pub(crate) corrects: Option<String>,
    /// The day where the work is done.
    pub(crate) issued_on: Date,
}

/// So much, by this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tender {
    /// `card`, `paypal`, `credits`.
    pub(crate) method: String,
    pub(crate) amount_minor: i64,
}

/// The tax of the work, which is its provider's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the profile")]
pub(crate) struct Tax {
    /// The provider's number.
    pub(crate) tax_id: Option<String>,
    /// In hundredths of a percent.
    pub(crate) rate_bps: i32,
    /// There is none because the provider's business is small.
    pub(crate) is_small_business: bool,
    /// What the work costs with it; in a credit note, how much of that goes back.
    pub(crate) gross_minor: i64,
    pub(crate) tax_minor: i64,
}

/// A part of an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// `service`, `discount` (below zero), `service_fee`, `tip`.
    pub(crate) kind: String,
    pub(crate) amount_minor: i64,
}

/// A receipt or a credit note as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) id: Uuid,
    pub(crate) entity: String,
    pub(crate) number: i64,
    pub(crate) payment_id: PaymentId,
    /// Of a credit note: what went back.
    pub(crate) refund_id: Option<RefundId>,
    pub(crate) content: Content,
    pub(crate) issued_at: Instant,
}

/// The papers of a payment.
#[derive(Clone, Debug)]
pub(crate) struct Papers {
    pub(crate) receipt: Receipt,
    /// In the order of their numbers.
    pub(crate) credit_notes: Vec<Receipt>,
}

/// Money that went back, as a credit note tells it.
#[derive(Clone, Debug)]
pub(crate) struct Returned {
    pub(crate) id: RefundId,
    pub(crate) amount_minor: i64,
    /// How much of it to credits.
    pub(crate) credits_minor: i64,
    pub(crate) reason: String,
}

impl Receipt {
    /// The number as it is printed.
    pub(crate) fn name(&self) -> String {
        format!("{}-{:08}", self.entity, self.number)
    }

    pub(crate) fn amount(&self) -> Money {
        Money::new(self.content.amount_minor, self.content.currency)
    }

    pub(crate) fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.content.currency)
    }
}

/// The papers of a payment; what is missing of them is issued now.
pub(crate) async fn papers(
    db: &mut PgConnection,
    shown: &Shown,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<Papers> {
    let (found, missing) = look(db, shown.id).await?;
    if let (Some(receipt), []) = (found.first(), missing.as_slice()) {
        return Ok(Papers { receipt: receipt.clone(), credit_notes: found.into_iter().skip(1).collect() });
    }
    // Whoever comes second waits here, and finds what the first one has issued.
    store::receipts::lock_numbers(db, &market.receipt_prefix).await?;
    let (mut found, missing) = look(db, shown.id).await?;
    if found.is_empty() {
        let content = content(db, shown, market, now).await?;
        found.push(issue(db, shown.id, None, content, market, now).await?);
    }
    let receipt = found.remove(0);
    for returned in missing {
        let tax = receipt.content.tax.as_ref().map(|tax| {
            let noted = found.iter().map(|note| note.content.amount_minor).sum();
            let gross = receipt.money(work_returned(shown, &receipt, noted, returned.amount_minor));
            tax.returned(found.iter().filter_map(|note| note.content.tax.as_ref()), gross)
        });
        let content = Content {
            amount_minor: returned.amount_minor,
            tender: tender(shown, returned.amount_minor, returned.credits_minor),
            lines: Vec::new(),
            tax,
            reason: Some(returned.reason),
            corrects: Some(receipt.name()),
            issued_on: today(shown, now),
            ..receipt.content.clone()
        };
        found.push(issue(db, shown.id, Some(returned.id), content, market, now).await?);
    }
    Ok(Papers { receipt, credit_notes: found })
}

/// What is there, the receipt first, and what has gone back without a credit note.
async fn look(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<(Vec<Receipt>, Vec<Returned>)> {
    let found = store::receipts::of_payment(db, payment).await?;
    Ok((found, store::receipts::without_note(db, payment).await?))
}

async fn issue(
    db: &mut PgConnection,
    payment_id: PaymentId,
    refund_id: Option<RefundId>,
    content: Content,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<Receipt> {
    let entity = market.receipt_prefix.clone();
    let number = store::receipts::next_number(db, &entity).await?;
    let id = PaymentId::at(now).uuid();
    let receipt = Receipt { id, entity, number, payment_id, refund_id, content, issued_at: now };
    store::receipts::insert(db, &receipt).await?;
    Ok(receipt)
}

async fn content(
    db: &mut PgConnection,
    shown: &Shown,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<Content> {
    let (customer, provider, reference) = store::receipts::names(db, shown.id).await?;
    let worker = shown.provider_id.filter(|_| !shown.is_tip);
    let tax = match worker {
        Some(worker) => tax(payouts::tax_profile(db, worker).await?, shown),
        None => None,
    };
    let tax_id = market.legal_tax_id.iter().cloned();
    Ok(Content {
        issuer: [market.legal_name.clone()]
            .into_iter()
            .chain(market.legal_address.iter().cloned())
            .chain(tax_id)
            .collect(),
        customer,
        // Credits are bought from us.
        provider: provider.unwrap_or_else(|| market.legal_name.clone()),
        booking_id: shown.booking_id,
        reference,
        title: shown.title.clone(),
        amount_minor: shown.captured_minor,
        currency: shown.currency,
        tender: tender(shown, shown.captured_minor, shown.credits_minor),
        lines: lines(shown),
        tax,
        reason: None,
        corrects: None,
        issued_on: today(shown, now),
    })
}

/// The tax in what was paid for the work, if its provider has said anything of it.
fn tax(profile: TaxProfile, shown: &Shown) -> Option<Tax> {
    if profile == TaxProfile::default() {
        return None;
    }
    let gross = Money::new(shown.captured_minor - taken(shown).fee, shown.currency);
    let tax_minor = profile.contained(gross).minor;
    let TaxProfile { tax_id, rate_bps, is_small_business } = profile;
    Some(Tax { tax_id, rate_bps, is_small_business, gross_minor: gross.minor, tax_minor })
}

impl Tax {
    /// Of so much of the work's price that goes back: in proportion, rounded half up. The last credit note takes what
    /// the ones before it left, so that all of them add up to the receipt: net, tax and gross.
    fn returned<'a>(&self, noted: impl Iterator<Item = &'a Self>, gross: Money) -> Self {
        let (gross_left, tax_left) = noted.fold((self.gross_minor, self.tax_minor), |(gross, tax), note| {
            (gross - note.gross_minor, tax - note.tax_minor)
        });
        let gross_minor = gross.minor.clamp(0, gross_left.max(0));
        let tax = Money::new(self.tax_minor, gross.currency);
        let share = tax.share_half_up(gross_minor, self.gross_minor).minor;
        let net_left = gross_left - tax_left;
        let tax_minor = share.max(gross_minor - net_left).min(gross_minor).min(tax_left).max(0);
        Self { gross_minor, tax_minor, ..self.clone() }
    }
}

/// How much of what goes back now, after so much that has gone before, is of the price of the work: the rest is our fee.
fn work_returned(shown: &Shown, receipt: &Receipt, before: i64, minor: i64) -> i64 {
    let kept = (receipt.content.amount_minor - before).max(0);
    let shares = shown.price_parts().between((kept - minor).max(0), kept);
    minor - shares.fee
}

/// Whose each part of what was taken is.
fn taken(shown: &Shown) -> Shares {
    shown.price_parts().between(0, shown.captured_minor)
}

/// What an amount is made of; nothing where it is the service alone.
fn lines(shown: &Shown) -> Vec<Line> {
    let (paid, fee) = (shown.captured_minor, taken(shown).fee);
    let discount =
        Money::new(shown.discount_minor, shown.currency).share_half_up(paid, shown.amount_minor).minor;
    let parts = if shown.is_tip {
        vec![("tip", paid)]
    } else if fee == 0 && discount == 0 {
        Vec::new()
    } else {
        vec![("service", paid - fee + discount), ("discount", -discount), ("service_fee", fee)]
    };
    let parts = parts.into_iter().filter(|(_, minor)| *minor != 0);
    parts.map(|(kind, amount_minor)| Line { kind: kind.to_owned(), amount_minor }).collect()
}

/// An amount by what it was paid with; one in credits alone is that of its payment.
fn tender(shown: &Shown, minor: i64, in_credits: i64) -> Vec<Tender> {
    let method = shown.payment_method_word();
    let parts = if method == "credits" {
        vec![(method, minor)]
    } else {
        vec![(method, minor - in_credits), ("credits".to_owned(), in_credits)]
    };
    let parts = parts.into_iter().filter(|(_, minor)| *minor > 0);
    parts.map(|(method, amount_minor)| Tender { method, amount_minor }).collect()
}

/// The day where the work is done; in UTC where there is no work.
fn today(shown: &Shown, now: Instant) -> Date {
    let zone = shown.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
    zone.unwrap_or(TimeZone::UTC).to_datetime(now.timestamp()).date()
}
