//! What the end of a booking costs its customer. It follows from what was agreed, whatever of that happens to be taken
//! at that moment. No I/O.

use platform::time::Instant;

use crate::{
    model::{Booking, State},
    payment::PaymentType,
    policy::{self, RefundReason},
};

/// What a customer agreed to pay for a booking, and how far they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// All of it, our fee included; 0 where nothing is certain.
    pub(crate) total_minor: i64,
    /// How much of it is a fee that a customer who ends the booking does not get back.
    pub(crate) retained_minor: i64,
    /// How much of it was paid or is reserved.
    pub(crate) secured_minor: i64,
    /// Whether a saved method is still to be charged for all of it. Open instalments are dropped instead.
    pub(crate) is_charged_later: bool,
}

/// Where the money goes: `secured + charge = kept + refund`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "amounts say their unit")]
pub(crate) struct Settlement {
    /// What the provider and we keep.
    pub(crate) kept_minor: i64,
    /// What goes back, or is let go where it was only reserved.
    pub(crate) refund_minor: i64,
    /// What the saved method is charged at once.
    pub(crate) charge_minor: i64,
}

impl Agreement {
    /// Half a cent goes to the customer.
    pub(crate) fn settle(self, refund_percent: i64, reason: RefundReason) -> Settlement {
        let retained = if reason == RefundReason::Policy { self.retained_minor } else { 0 };
        let owed = self.total_minor - policy::share(self.total_minor - retained, refund_percent);
        let within_reach = if self.is_charged_later { self.total_minor } else { self.secured_minor };
        let kept_minor = owed.min(within_reach);
        Settlement {
            kept_minor,
            refund_minor: (self.secured_minor - kept_minor).max(0),
            charge_minor: (kept_minor - self.secured_minor).max(0),
        }
    }
}

impl Booking {
    /// What its customer agreed to.
    pub(crate) fn agreement(&self) -> Agreement {
        Agreement {
            total_minor: self.agreed_minor,
            retained_minor: self.retained_minor.min(self.agreed_minor),
            secured_minor: self.secured_minor,
            is_charged_later: self.payment_type == PaymentType::Later,
        }
    }

    /// The rule for a booking that ends in `to` now, and what it means in money. Who did not come pays as if they had
    /// cancelled at the start.
    pub(crate) fn settlement(&self, to: State, now: Instant) -> (policy::Refund, Settlement) {
        let at = if to == State::NoShowCustomer { self.starts_at } else { now };
        let rule = policy::refund(
            self.cancellation_policy,
            RefundReason::of(to),
            self.min_kept_percent.into(),
            self.starts_at,
            at,
        );
        (rule, self.agreement().settle(rule.percent, rule.reason))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paid(total_minor: i64) -> Agreement {
        Agreement { total_minor, retained_minor: 0, secured_minor: total_minor, is_charged_later: false }
    }

    fn kept_refund_charge(agreement: Agreement, percent: i64) -> (i64, i64, i64) {
        let end = agreement.settle(percent, RefundReason::Policy);
        (end.kept_minor, end.refund_minor, end.charge_minor)
    }

    #[test]
    fn a_cancellation_costs_a_share_of_what_was_agreed() {
        assert_eq!(kept_refund_charge(paid(10_000), 50), (5_000, 5_000, 0));
        assert_eq!(kept_refund_charge(paid(9_999), 50), (4_999, 5_000, 0));
        assert_eq!(
            kept_refund_charge(Agreement { retained_minor: 1_000, ..paid(10_000) }, 50),
            (5_500, 4_500, 0)
        );
        assert_eq!(
            kept_refund_charge(Agreement { retained_minor: 1_000, ..paid(10_000) }, 100),
            (1_000, 9_000, 0)
        );
    }

    #[test]
    fn open_instalments_are_dropped_and_what_was_paid_is_the_most_that_is_kept() {
        let running = Agreement { secured_minor: 3_334, ..paid(10_000) };
        assert_eq!(kept_refund_charge(running, 50), (3_334, 0, 0));
        assert_eq!(kept_refund_charge(Agreement { secured_minor: 6_667, ..running }, 50), (5_000, 1_667, 0));
    }

    #[test]
    fn what_is_charged_later_is_charged_for_what_is_kept() {
        let later = Agreement { secured_minor: 0, is_charged_later: true, ..paid(10_000) };
        assert_eq!(kept_refund_charge(later, 50), (5_000, 0, 5_000));
        assert_eq!(kept_refund_charge(later, 100), (0, 0, 0));
    }

    #[test]
    fn nobody_pays_for_what_the_provider_ends() {
        let fee = Agreement { retained_minor: 1_000, ..paid(10_000) };
        let end = fee.settle(100, RefundReason::NotByCustomer);
        assert_eq!((end.kept_minor, end.refund_minor), (0, 10_000));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nobody_pays_more_than_was_agreed(
            total in 0..10_000_000_i64, retained in 0..10_000_000_i64, secured in 0..10_000_000_i64,
            is_charged_later: bool, percent in 0..=100_i64, by_policy: bool,
        ) {
            let agreement = Agreement {
                total_minor: total, retained_minor: retained.min(total), secured_minor: secured.min(total),
                is_charged_later,
            };
            let reason = if by_policy { RefundReason::Policy } else { RefundReason::NotByCustomer };
            let end = agreement.settle(percent, reason);
            prop_assert_eq!(agreement.secured_minor + end.charge_minor, end.kept_minor + end.refund_minor);
            prop_assert!((0..=total).contains(&end.kept_minor));
            prop_assert!((0..=agreement.secured_minor).contains(&end.refund_minor));
            prop_assert!(end.charge_minor == 0 || is_charged_later);
            // A kinder rule never costs more.
            let kinder = agreement.settle((percent + 1).min(100), reason);
            prop_assert!(kinder.kept_minor <= end.kept_minor);
            // How far it was paid changes who holds the money, and not what is owed.
            let all = Agreement { secured_minor: total, ..agreement }.settle(percent, reason);
            let within_reach = if is_charged_later { total } else { agreement.secured_minor };
            prop_assert_eq!(end.kept_minor, all.kept_minor.min(within_reach));
        }
    }
}
