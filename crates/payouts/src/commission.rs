//! Our share of what a job costs. No I/O.

use std::cmp::Reverse;

use platform::money::{Currency, Money};

/// What we take, as it stands in `commission_rules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Counts the rules in the order in which they were made.
    pub(crate) id: i64,
    /// Whether it is for one provider.
    pub(crate) is_for_provider: bool,
    /// How many steps above the job's category its own is: 0 is that very one; `None` is for all categories.
    pub(crate) category_distance: Option<i32>,
    /// `None`: for prices in any currency.
    pub(crate) currency: Option<Currency>,
    /// A share, in hundredths of a percent.
    pub(crate) bps: u16,
    /// An amount on top of it.
    pub(crate) fixed_minor: i64,
    /// At least this.
    pub(crate) minimum_minor: i64,
}

impl Rule {
    /// A share and nothing else.
    pub(crate) fn share(bps: u16) -> Self {
        Self {
            id: 0,
            is_for_provider: false,
            category_distance: None,
            currency: None,
            bps,
            fixed_minor: 0,
            minimum_minor: 0,
        }
    }

    /// What it takes of a price: never more than all of it.
    pub(crate) fn fees(&self, gross: Money) -> Money {
        let (share, _rest) = gross.split_bps(self.bps);
        let fees = share.minor.saturating_add(self.fixed_minor).max(self.minimum_minor);
        Money::new(fees.clamp(0, gross.minor.max(0)), gross.currency)
    }
}

/// The most specific of the rules for a currency: one for the provider before one for a category, a close category
/// before a distant one, one for the currency before one for all; the oldest among equals.
pub(crate) fn most_specific(rules: Vec<Rule>, currency: Currency) -> Option<Rule> {
    let fits = |rule: &Rule| rule.currency.is_none_or(|its| its == currency);
    let rank = |rule: &Rule| {
        let distance = rule.category_distance.unwrap_or(i32::MAX);
        (Reverse(rule.is_for_provider), distance, Reverse(rule.currency.is_some()), rule.id)
    };
    rules.into_iter().filter(fits).min_by_key(rank)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EUR: Currency = Currency::EUR;

    fn rule(id: i64, is_for_provider: bool, category_distance: Option<i32>) -> Rule {
        Rule { id, is_for_provider, category_distance, ..Rule::share(1000) }
    }

    #[test]
    fn the_most_specific_rule_wins_and_the_oldest_among_equals() {
        let francs = Currency::parse("CHF").unwrap();
        let mut rules = vec![
            Rule { currency: Some(francs), ..rule(1, true, Some(0)) },
            rule(2, true, Some(0)),
            rule(3, true, Some(0)),
            rule(4, true, Some(2)),
            rule(5, true, None),
            Rule { currency: Some(EUR), ..rule(7, false, Some(0)) },
            rule(6, false, Some(0)),
            rule(8, false, Some(1)),
            rule(9, false, None),
        ];
        let mut order = Vec::new();
        while let Some(best) = most_specific(rules.clone(), EUR) {
            rules.retain(|rule| *rule != best);
            order.push(best.id);
        }
        assert_eq!(order, [2, 3, 4, 5, 7, 6, 8, 9]);
    }

    #[test]
    fn a_share_an_amount_and_a_minimum_add_up_to_at_most_the_price() {
        let fees = |bps, fixed_minor, minimum_minor, gross| {
            let rule = Rule { fixed_minor, minimum_minor, ..Rule::share(bps) };
            rule.fees(Money::new(gross, EUR)).minor
        };
        assert_eq!(fees(1500, 0, 0, 4990), 748);
        assert_eq!(fees(1500, 30, 0, 4990), 778);
        assert_eq!(fees(1500, 0, 1000, 4990), 1000);
        assert_eq!(fees(1500, 0, 1000, 700), 700);
        assert_eq!(fees(0, 0, 0, 4990), 0);
        assert_eq!(fees(10_000, 30, 0, 4990), 4990);
    }

    proptest! {
        #[test]
        fn fees_are_a_part_of_the_price(
            bps in 0..=10_000_u16, fixed in 0..i64::MAX, minimum in 0..i64::MAX, gross in 0..i64::MAX,
        ) {
            let rule = Rule { fixed_minor: fixed, minimum_minor: minimum, ..Rule::share(bps) };
            let fees = rule.fees(Money::new(gross, EUR)).minor;
            prop_assert!((0..=gross).contains(&fees));
        }
    }
}
