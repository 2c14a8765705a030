//! Promotion codes: a part of a price that the provider, or we, give. Everybody uses one once, and all uses together
//! cost no more than its budget.

use bookings::Booking;
use platform::{
    error::ApiResult,
    ids::{PaymentId, PromoId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    credits,
    model::{Payment, PaymentError},
    store::promos as store,
};

/// Gives an amount, or a share of the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gift {
    Amount(i64),
    /// In hundredths of a percent.
    Share(u16),
}

/// A code as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Promo {
    pub(crate) id: PromoId,
    pub(crate) code: String,
    /// `None`: we pay for it.
    pub(crate) provider_id: Option<UserId>,
    pub(crate) referrer_id: Option<UserId>,
    pub(crate) currency: Currency,
    pub(crate) gift: Gift,
    pub(crate) at_most_minor: Option<i64>,
    pub(crate) from_minor: i64,
    pub(crate) is_for_new: bool,
    pub(crate) budget_minor: Option<i64>,
    pub(crate) used_minor: i64,
    pub(crate) starts_at: Instant,
    pub(crate) ends_at: Option<Instant>,
    pub(crate) created_by: UserId,
    pub(crate) created_at: Instant,
}

impl Promo {
    /// What it gives for a price; at least one whole unit of the currency is left to pay.
    pub(crate) fn discount(&self, price: Money) -> i64 {
        let given = match self.gift {
            Gift::Amount(minor) => minor,
            Gift::Share(bps) => price.split_bps(bps).0.minor,
        };
        let least = 10_i64.pow(price.currency.exponent());
        given.min(self.at_most_minor.unwrap_or(i64::MAX)).min(price.minor - least).max(0)
    }

    /// What it gives somebody for a booking now.
    fn apply(&self, booking: &Booking, past: Past, now: Instant) -> Result<i64, PaymentError> {
        let is_running = self.starts_at <= now && self.ends_at.is_none_or(|end| now < end);
        let fits = self.currency == booking.currency
            && self.provider_id.is_none_or(|provider| provider == booking.provider_id)
            && self.referrer_id != Some(booking.customer_id);
        if !is_running || !fits {
            return Err(PaymentError::PromoNotFound);
        }
        if past.has_used {
            return Err(PaymentError::PromoUsed);
        }
        if self.is_for_new && past.has_paid {
            return Err(PaymentError::PromoForNewCustomers);
        }
        let discount = self.discount(booking.money(booking.total_minor));
        if booking.total_minor < self.from_minor || discount == 0 {
            return Err(PaymentError::PromoPriceTooLow);
        }
        let is_over = |budget: i64| self.used_minor + discount > budget;
        if self.budget_minor.is_some_and(is_over) { Err(PaymentError::PromoExhausted) } else { Ok(discount) }
    }
}

/// What somebody has done before, or is about to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    pub(crate) has_used: bool,
    pub(crate) has_paid: bool,
}

/// A promotion for a booking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    pub(crate) id: PromoId,
    pub(crate) discount_minor: i64,
    pub(crate) is_ours: bool,
}

/// What a code gives for a booking; the code is kept from others until the transaction ends, so that its budget holds.
pub(crate) async fn apply(
    db: &mut PgConnection,
    code: &str,
    booking: &Booking,
    now: Instant,
) -> ApiResult<Applied> {
    let found = store::lock(db, &code.trim().to_ascii_uppercase()).await?;
    let promo = found.ok_or(PaymentError::PromoNotFound)?;
    if promo.is_for_new {
        store::lock_customer(db, booking.customer_id).await?;
    }
    let past = store::past(db, promo.id, booking.customer_id).await?;
    let discount_minor = promo.apply(booking, past, now)?;
    Ok(Applied { id: promo.id, discount_minor, is_ours: promo.provider_id.is_none() })
}

/// A payment uses what was applied.
pub(crate) async fn take(db: &mut PgConnection, payment: &Payment) -> ApiResult<()> {
    let Some(promo) = payment.promo_id else { return Ok(()) };
    Ok(store::take(db, promo, payment).await?)
}

/// A payment came to nothing: its customer may use the code again.
pub(crate) async fn release(db: &mut PgConnection, payment: &Payment) -> ApiResult<()> {
    if payment.promo_id.is_none() || payment.captured_minor > 0 {
        return Ok(());
    }
    Ok(store::release(db, payment.id).await?)
}

/// All of a payment went back: its customer may use the code again, as if nothing had been paid, and whoever was thanked
/// for it gives that back.
pub(crate) async fn give_back(db: &mut PgConnection, payment: &Payment, now: Instant) -> ApiResult<()> {
    if payment.promo_id.is_none() {
        return Ok(());
    }
    reclaim_reward(db, payment.id, now).await?;
    Ok(store::release(db, payment.id).await?)
}

/// Takes back what somebody was given for a friend's booking whose money is gone: as much as is left of it. What is spent
/// stays with what promotions cost us.
pub(crate) async fn reclaim_reward(db: &mut PgConnection, payment: PaymentId, now: Instant) -> ApiResult<()> {
    let Some(reward) = store::reclaim_reward(db, payment).await? else { return Ok(()) };
    let description = reward.language.text("message-referral_returned", &[]);
    credits::take_granted(db, (reward.user, reward.lot), &description, now).await
}

/// A booking that was paid with a friend's code is done: the friend is thanked, once.
pub(crate) async fn thank(
    db: &mut PgConnection,
    payment: PaymentId,
    reward_minor: i64,
    now: Instant,
) -> ApiResult<()> {
    if reward_minor == 0 {
        return Ok(());
    }
    let Some((friend, language)) = store::thank(db, payment).await? else { return Ok(()) };
    let description = language.text("message-referral", &[]);
    let lot = credits::give(db, friend, credits::CreditKind::Earned, reward_minor, &description, now).await?;
    Ok(store::set_reward(db, payment, lot).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promo(gift: Gift) -> Promo {
        let now = Instant::from_micros(0).unwrap();
        Promo {
            id: PromoId::at(now),
            code: "SPRING".to_owned(),
            provider_id: None,
            referrer_id: None,
            currency: Currency::EUR,
            gift,
            at_most_minor: None,
            from_minor: 0,
            is_for_new: false,
            budget_minor: None,
            used_minor: 0,
            starts_at: now,
            ends_at: None,
            created_by: UserId::at(now),
            created_at: now,
        }
    }

    #[test]
    fn it_gives_an_amount_or_a_share_and_leaves_something_to_pay() {
        let euros = |minor| Money::new(minor, Currency::EUR);
        assert_eq!(promo(Gift::Amount(1000)).discount(euros(4990)), 1000);
        assert_eq!(promo(Gift::Share(1000)).discount(euros(4990)), 499);
        assert_eq!(promo(Gift::Share(10_000)).discount(euros(4990)), 4890);
        assert_eq!(promo(Gift::Amount(1000)).discount(euros(90)), 0);
        let capped = Promo { at_most_minor: Some(300), ..promo(Gift::Share(1000)) };
        assert_eq!(capped.discount(euros(4990)), 300);
    }
}
