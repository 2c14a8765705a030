//! What a provider says of their taxes, for receipts.

use platform::{ids::UserId, money::Money};
use sqlx::PgConnection;

use crate::store::taxes as store;

/// A provider's taxes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxProfile {
    /// As it is printed.
    pub tax_id: Option<String>,
    /// The tax that their prices contain, in hundredths of a percent: 1900 for 19 %.
    pub rate_bps: i32,
    /// Exempt because they are small.
    pub is_small_business: bool,
}

impl TaxProfile {
    /// The tax that an amount contains, rounded half up: gross × rate / (1 + rate).
    pub fn contained(&self, gross: Money) -> Money {
        let rate = i64::from(self.rate_bps);
        gross.share_half_up(rate, 10_000 + rate)
    }
}

/// What a provider has said; nothing is no tax.
pub async fn tax_profile(db: &mut PgConnection, provider: UserId) -> sqlx::Result<TaxProfile> {
    Ok(store::find(db, provider).await?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use platform::money::Currency;

    use super::*;

    #[test]
    fn a_price_contains_its_tax() {
        let tax = |rate_bps, minor| {
            let profile = TaxProfile { rate_bps, ..TaxProfile::default() };
            profile.contained(Money::new(minor, Currency::EUR)).minor
        };
        assert_eq!((tax(1900, 4990), tax(2200, 12_200), tax(0, 4990), tax(700, 1)), (797, 2200, 0, 0));
    }
}
