//! What a customer's price is made of, and whose each cent of it is. No I/O.

use platform::{ids::PromoId, money::Money};

/// What somebody pays for a booking: the service, less a promotion, and our fee on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    /// What is paid in all.
    pub(crate) total: Money,
    /// How much less it is because of a promotion.
    pub(crate) discount_minor: i64,
    /// How much of that we pay to the provider.
    pub(crate) subsidy_minor: i64,
    /// How much of the total is our fee.
    pub(crate) fee_minor: i64,
}

impl Price {
    /// Of a service, with a promotion that is ours or the provider's, and a fee in hundredths of a percent of the rest.
    pub(crate) fn new(service: Money, discount_minor: i64, is_discount_ours: bool, fee_bps: u16) -> Self {
        let rest = Money::new(service.minor - discount_minor, service.currency);
        let fee_minor = rest.split_bps(fee_bps).0.minor;
        Self {
            total: Money::new(rest.minor + fee_minor, service.currency),
            discount_minor,
            subsidy_minor: if is_discount_ours { discount_minor } else { 0 },
            fee_minor,
        }
    }
}

/// What a booking costs by card or PayPal, and because of which promotion.
pub(crate) struct Priced {
    pub(crate) price: Price,
    pub(crate) promo: Option<PromoId>,
    pub(crate) fee_is_refundable: bool,
}

/// The parts of a payment, for telling whose a part of it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) amount_minor: i64,
    pub(crate) fee_minor: i64,
    pub(crate) fee_is_refundable: bool,
    pub(crate) subsidy_minor: i64,
}

/// Whose an amount that a customer paid is: `provider` = what was paid − `fee` + `subsidy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// For the service: the provider's, before our commission.
    pub(crate) provider: i64,
    /// Our fee.
    pub(crate) fee: i64,
    /// What we pay on top of it for a promotion.
    pub(crate) subsidy: i64,
}

impl Parts {
    /// Of so much of the payment that is kept in the end. In proportion to the whole; a fee that is not refundable is
    /// kept first, and the rest is in proportion to what the service cost: we add nothing to a service that is not
    /// paid for.
    fn of(self, kept: i64) -> Shares {
        let (fee, subsidy) = if self.fee_is_refundable {
            (
                part_of(self.fee_minor, kept, self.amount_minor),
                part_of(self.subsidy_minor, kept, self.amount_minor),
            )
        } else {
            let fee = self.fee_minor.min(kept);
            (fee, part_of(self.subsidy_minor, kept - fee, self.amount_minor - self.fee_minor))
        };
        Shares { provider: kept - fee + subsidy, fee, subsidy }
    }

    /// Of what was kept on top of something, so that steps add up to the whole, to the cent; the other way round it is
    /// what goes back.
    pub(crate) fn between(self, before: i64, after: i64) -> Shares {
        let (from, to) = (self.of(before), self.of(after));
        Shares {
            provider: to.provider - from.provider,
            fee: to.fee - from.fee,
            subsidy: to.subsidy - from.subsidy,
        }
    }
}

/// So much of a part as `kept` is of `whole`, rounded down.
fn part_of(part: i64, kept: i64, whole: i64) -> i64 {
    let share = i128::from(part) * i128::from(kept) / i128::from(whole.max(1));
    // `kept` is at most the whole.
    i64::try_from(share).unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use platform::money::Currency;
    use proptest::prelude::*;

    use super::*;

    const EUR: Currency = Currency::EUR;

    #[test]
    fn a_price_is_the_service_less_the_promotion_and_the_fee_on_top() {
        let price = Price::new(Money::new(4990, EUR), 990, true, 500);
        assert_eq!((price.total.minor, price.fee_minor, price.subsidy_minor), (4200, 200, 990));
        let price = Price::new(Money::new(4990, EUR), 990, false, 0);
        assert_eq!((price.total.minor, price.fee_minor, price.subsidy_minor), (4000, 0, 0));
    }

    #[test]
    fn what_is_kept_of_half_a_payment() {
        let parts = Parts { amount_minor: 4200, fee_minor: 200, fee_is_refundable: true, subsidy_minor: 990 };
        assert_eq!(parts.between(0, 2100), Shares { provider: 2495, fee: 100, subsidy: 495 });
        let parts = Parts { fee_is_refundable: false, ..parts };
        assert_eq!(parts.between(0, 2100), Shares { provider: 2370, fee: 200, subsidy: 470 });
        // Only the fee is left: the provider has done nothing that we would pay for.
        assert_eq!(parts.between(0, 200), Shares { provider: 0, fee: 200, subsidy: 0 });
        assert_eq!(parts.between(0, 100), Shares { provider: 0, fee: 100, subsidy: 0 });
    }

    proptest! {
        #[test]
        fn steps_add_up_and_nobody_is_short(
            service in 2..1_000_000_i64, discount in 0..1_000_000_i64, is_ours: bool, bps in 0..3000_u16,
            fee_is_refundable: bool, steps in prop::collection::vec(0..=1000_u32, 0..8),
        ) {
            let discount = discount.min(service - 1);
            let price = Price::new(Money::new(service, EUR), discount, is_ours, bps);
            prop_assert_eq!(price.total.minor, service - price.discount_minor + price.fee_minor);
            let parts = Parts {
                amount_minor: price.total.minor, fee_minor: price.fee_minor, fee_is_refundable,
                subsidy_minor: price.subsidy_minor,
            };
            let (mut kept, mut sum) = (0, Shares { provider: 0, fee: 0, subsidy: 0 });
            for to in steps.into_iter().chain([1000]) {
                let next = price.total.minor * i64::from(to) / 1000;
                let step = parts.between(kept, next);
                prop_assert_eq!(step.provider + step.fee - step.subsidy, next - kept);
                // What comes adds to everybody's, what goes takes from it.
                prop_assert!(step.fee * (next - kept) >= 0 && step.subsidy * (next - kept) >= 0);
                kept = next;
                sum = Shares {
                    provider: sum.provider + step.provider, fee: sum.fee + step.fee, subsidy: sum.subsidy + step.subsidy,
                };
                prop_assert!(sum.provider >= 0 && sum.fee >= 0 && sum.subsidy >= 0);
            }
            let all = Shares {
                provider: if is_ours { service } else { service - discount },
                fee: price.fee_minor, subsidy: price.subsidy_minor,
            };
            prop_assert_eq!(sum, all);
        }
    }
}
