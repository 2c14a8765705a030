//! Our share of what a job costs. No I/O.

use std::cmp::Reverse;

use platform::{
    ids::{CategoryId, RuleId, UserId},
    money::{Currency, Money},
    time::Instant,
};

/// What we take of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// A share, in hundredths of a percent.
    pub(crate) bps: u16,
    /// An amount on top of it.
    pub(crate) fixed_minor: i64,
    /// At least this.
    pub(crate) minimum_minor: i64,
}

/// For whom we take what, as it stands in `commission_rules`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Rule {
    pub(crate) id: RuleId,
    /// For everything below this category; `None`: for all.
    pub(crate) category_id: Option<CategoryId>,
    /// For this provider; `None`: for all.
    pub(crate) provider_id: Option<UserId>,
    /// For prices in this currency; `None`: in any.
    pub(crate) currency: Option<Currency>,
    pub(crate) bps: i32,
    pub(crate) fixed_minor: i64,
    pub(crate) minimum_minor: i64,
    /// Bookings from then on fall under it.
    pub(crate) starts_at: Instant,
    /// Bookings from then on do not.
    pub(crate) ended_at: Option<Instant>,
    pub(crate) created_at: Instant,
    /// `None`: by hand, in the database.
    pub(crate) created_by: Option<UserId>,
}

/// A rule that a job falls under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) rule: Rule,
    /// How many steps above the job's category its own is: 0 is that very one; `None` is for all categories.
    pub(crate) category_distance: Option<i32>,
}

impl Terms {
    /// A share and nothing else.
    pub(crate) fn share(bps: u16) -> Self {
        Self { bps, fixed_minor: 0, minimum_minor: 0 }
    }

    /// What they take of a price: never more than all of it.
    pub(crate) fn fees(&self, gross: Money) -> Money {
        let (share, _rest) = gross.split_bps(self.bps);
        let fees = share.minor.saturating_add(self.fixed_minor).max(self.minimum_minor);
        Money::new(fees.clamp(0, gross.minor.max(0)), gross.currency)
    }
}

impl Rule {
    /// What it takes.
    pub(crate) fn terms(&self) -> Terms {
        let bps = u16::try_from(self.bps).unwrap_or_default();
        Terms { bps, fixed_minor: self.fixed_minor, minimum_minor: self.minimum_minor }
    }
}

/// The most specific of the rules for a currency: one for the provider before one for a category, a close category
/// before a distant one, one for the currency before one for all; the oldest among equals.
pub(crate) fn most_specific(candidates: Vec<Candidate>, currency: Currency) -> Option<Rule> {
    let fits = |found: &Candidate| found.rule.currency.is_none_or(|its| its == currency);
    let rank = |found: &Candidate| {
        let (rule, distance) = (&found.rule, found.category_distance.unwrap_or(i32::MAX));
        // Ids are in the order of age.
        (Reverse(rule.provider_id.is_some()), distance, Reverse(rule.currency.is_some()), rule.id)
    };
    candidates.into_iter().filter(fits).min_by_key(rank).map(|found| found.rule)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const EUR: Currency = Currency::EUR;

    fn rule(id: u128, is_for_provider: bool, category_distance: Option<i32>) -> Candidate {
        let someone = Uuid::from_u128(1);
        let at = Instant::from(jiff::Timestamp::UNIX_EPOCH);
        let rule = Rule {
            id: RuleId::from(Uuid::from_u128(id)),
            category_id: category_distance.map(|_| someone.into()),
            provider_id: is_for_provider.then(|| someone.into()),
            currency: None,
            bps: 1000,
            fixed_minor: 0,
            minimum_minor: 0,
            starts_at: at,
            ended_at: None,
            created_at: at,
            created_by: None,
        };
        Candidate { rule, category_distance }
    }

    fn of_currency(currency: Currency, mut candidate: Candidate) -> Candidate {
        candidate.rule.currency = Some(currency);
        candidate
    }

    #[test]
    fn the_most_specific_rule_wins_and_the_oldest_among_equals() {
        let francs = Currency::parse("CHF").unwrap();
        let mut rules = vec![
            of_currency(francs, rule(1, true, Some(0))),
            rule(2, true, Some(0)),
            rule(3, true, Some(0)),
            rule(4, true, Some(2)),
            rule(5, true, None),
            of_currency(EUR, rule(7, false, Some(0))),
            rule(6, false, Some(0)),
            rule(8, false, Some(1)),
            rule(9, false, None),
        ];
        let mut order = Vec::new();
        while let Some(best) = most_specific(rules.clone(), EUR) {
            rules.retain(|candidate| candidate.rule != best);
            order.push(best.id.uuid().as_u128());
        }
        assert_eq!(order, [2, 3, 4, 5, 7, 6, 8, 9]);
    }

    #[test]
    fn a_share_an_amount_and_a_minimum_add_up_to_at_most_the_price() {
        let fees = |bps, fixed_minor, minimum_minor, gross| {
            Terms { bps, fixed_minor, minimum_minor }.fees(Money::new(gross, EUR)).minor
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
            bps in 0..=10_000_u16, fixed_minor in 0..i64::MAX, minimum_minor in 0..i64::MAX, gross in 0..i64::MAX,
        ) {
            let terms = Terms { bps, fixed_minor, minimum_minor };
            let fees = terms.fees(Money::new(gross, EUR)).minor;
            prop_assert!((0..=gross).contains(&fees));
        }
    }
}
