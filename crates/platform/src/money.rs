//! Money is whole minor units and a currency; no float and no bare `i64` stands for an amount.

use std::{borrow::Cow, cmp::Reverse, fmt, num::NonZeroU16};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

/// An ISO 4217 currency with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The euro, the default everywhere.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// Reads an upper-case code; `None` for what is no currency, or has three decimals and more,
    /// which the wire's two cannot say.
    pub fn parse(code: &str) -> Option<Self> {
        iso_currency::Currency::from_code(code).map(Self).filter(|c| c.0.exponent().is_some_and(|e| e <= 2))
    }

    /// The upper-case code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals its minor unit has: 2 for EUR, 0 for JPY.
    pub fn exponent(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(2))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| D::Error::custom("unknown_currency"))
    }
}
impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Z]{3}$")).examples(["EUR"]).into()
    }
}
impl utoipa::ToSchema for Currency {}
impl sqlx::Type<sqlx::Postgres> for Currency {
    fn type_info() -> sqlx::postgres::PgTypeInfo {
        <str as sqlx::Type<sqlx::Postgres>>::type_info()
    }
    fn compatible(ty: &sqlx::postgres::PgTypeInfo) -> bool {
        <str as sqlx::Type<sqlx::Postgres>>::compatible(ty)
    }
}
impl sqlx::Encode<'_, sqlx::Postgres> for Currency {
    fn encode_by_ref(
        &self,
        buf: &mut sqlx::postgres::PgArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        <&str as sqlx::Encode<sqlx::Postgres>>::encode_by_ref(&self.code(), buf)
    }
}
impl sqlx::Decode<'_, sqlx::Postgres> for Currency {
    fn decode(value: sqlx::postgres::PgValueRef<'_>) -> Result<Self, sqlx::error::BoxDynError> {
        let code = <&str as sqlx::Decode<sqlx::Postgres>>::decode(value)?;
        Self::parse(code).ok_or_else(|| format!("{code} is no currency").into())
    }
}

/// An amount in minor units of its currency. On the wire it is a JSON number with the currency's
/// decimals (`49.90`), written from the integer; the currency stands in a field of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units: cents for EUR, yen for JPY.
    pub minor: i64,
    /// What it is an amount of.
    pub currency: Currency,
}

/// Why an amount could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Amounts of two currencies do not add up.
    #[error("cannot combine {0} with {1}")]
    CurrencyMismatch(Currency, Currency),
    /// Larger than the ledger can hold.
    #[error("amount out of range")]
    OutOfRange,
    /// `0.001` EUR, `0.5` JPY.
    #[error("more decimals than {0} has")]
    TooManyDecimals(Currency),
}

impl Money {
    /// An amount in minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The sum; refused over two currencies or past the range.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, ..self })
    }

    /// Splits into a share of `bps` hundredths of a percent, rounded down, and the rest; nothing is lost.
    /// `bps` above 10,000 count as 10,000.
    pub fn split_bps(self, bps: u16) -> (Self, Self) {
        let product = i128::from(self.minor) * i128::from(bps.min(10_000));
        let share = i64::try_from(product.div_euclid(10_000)).unwrap_or(self.minor);
        (Self { minor: share, ..self }, Self { minor: self.minor - share, ..self })
    }

    /// `part` of `whole` of it, rounded half up (away from zero); nothing where the whole is nothing.
    #[must_use]
    pub fn share_half_up(self, part: i64, whole: i64) -> Self {
        if whole == 0 {
            return Self { minor: 0, ..self };
        }
        let (exact, whole) = (2 * i128::from(self.minor) * i128::from(part), i128::from(whole));
        let away = if (exact < 0) == (whole < 0) { whole } else { -whole };
        // A share is no larger than the whole.
        Self { minor: i64::try_from((exact + away) / (2 * whole)).unwrap_or(self.minor), ..self }
    }

    /// Splits into equal parts that add up exactly; the first ones take the odd units.
    pub fn split_evenly(self, parts: NonZeroU16) -> Vec<Self> {
        self.split_by(&vec![1; usize::from(parts.get())])
    }

    /// Splits in proportion to `weights` into parts that add up exactly: each is rounded down, and the units that are
    /// left go to those that lost most by it, the first ones among equals. Without any weight there is one part.
    pub fn split_by(self, weights: &[u64]) -> Vec<Self> {
        let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        if total == 0 {
            return vec![self];
        }
        let exact = |weight: u64| i128::from(self.minor) * i128::from(weight);
        let mut parts: Vec<i128> = weights.iter().map(|&weight| exact(weight).div_euclid(total)).collect();
        let left = i128::from(self.minor) - parts.iter().sum::<i128>();
        let lost = |index: &usize| weights.get(*index).map(|&weight| exact(weight).rem_euclid(total));
        let mut by_loss: Vec<usize> = (0..weights.len()).collect();
        by_loss.sort_by_key(|index| Reverse(lost(index)));
        for index in by_loss.into_iter().take(usize::try_from(left).unwrap_or_default()) {
            if let Some(part) = parts.get_mut(index) {
                *part += 1;
            }
        }
        // No part is larger than the whole.
        parts
            .into_iter()
            .map(|part| Self { minor: i64::try_from(part).unwrap_or(self.minor), ..self })
            .collect()
    }
}

impl fmt::Display for Money {
    /// The plain number with the currency's decimals: `49.90`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent();
        let unit = 10_u64.pow(exponent);
        let magnitude = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        if exponent == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let width = usize::try_from(exponent).unwrap_or(2);
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl utoipa::PartialSchema for Money {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        amount_schema().into()
    }
}
impl utoipa::ToSchema for Money {}

fn amount_schema() -> utoipa::openapi::schema::Object {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .multiple_of(Some(0.01))
        .examples([serde_json::json!(49.9)])
        .into()
}

/// A decimal number as a client wrote it, exact, before its currency is known.
/// Accepts a JSON number or a numeric string of at most 12 digits before the point and 2 behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount {
    hundredths: i64,
}

impl Amount {
    /// From whole hundredths.
    pub const fn from_hundredths(hundredths: i64) -> Self {
        Self { hundredths }
    }

    /// The number in hundredths, whatever the currency.
    pub const fn hundredths(self) -> i64 {
        self.hundredths
    }

    /// The same amount in minor units of `currency`.
    pub fn in_currency(self, currency: Currency) -> Result<Money, MoneyError> {
        let per_minor = 10_i64.pow(2_u32.saturating_sub(currency.exponent()));
        if self.hundredths % per_minor != 0 {
            return Err(MoneyError::TooManyDecimals(currency));
        }
        Ok(Money::new(self.hundredths / per_minor, currency))
    }

    fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "00"));
        let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        // `49.900` is `49.90`: some clients print doubles that way.
        let fraction = if fraction.len() > 2 { fraction.trim_end_matches('0') } else { fraction };
        let fraction = format!("{fraction:0<2}");
        if !all_digits(whole) || !all_digits(&fraction) || whole.len() > 12 || fraction.len() > 2 {
            return None;
        }
        let hundredths = format!("{whole}{fraction}").parse::<i64>().ok()?;
        Some(Self { hundredths: sign * hundredths })
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"');
        Self::parse(text).ok_or_else(|| D::Error::custom("invalid_amount"))
    }
}
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Money::new(self.hundredths, Currency::EUR).serialize(serializer)
    }
}
impl utoipa::PartialSchema for Amount {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
        let number = ObjectBuilder::new()
            .schema_type(Type::Number)
            .multiple_of(Some(0.01))
            .minimum(Some(0))
            .maximum(Some(999_999_999));
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,2})?$"));
        OneOfBuilder::new().item(number).item(text).examples([serde_json::json!(49.9)]).into()
    }
}
impl utoipa::ToSchema for Amount {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> Option<Amount> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn amounts_are_read_exactly() {
        for (json, hundredths) in [
            ("49.90", 4990),
            ("49.9", 4990),
            ("\"49.90\"", 4990),
            ("0.29", 29),
            ("-1", -100),
            ("49.900", 4990),
        ] {
            assert_eq!(read(json), Some(Amount { hundredths }), "{json}");
        }
        for json in
            ["49.999", "1e3", "\"\"", "\"1,5\"", "null", "true", "1234567890123", "[]", "\".5\"", "\"--1\""]
        {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn amounts_are_written_with_the_decimals_of_their_currency() {
        let json =
            |minor, code| serde_json::to_string(&Money::new(minor, Currency::parse(code).unwrap())).unwrap();
        assert_eq!(json(4990, "EUR"), "49.90");
        assert_eq!(json(-5, "EUR"), "-0.05");
        assert_eq!(json(4990, "JPY"), "4990");
        assert_eq!(Currency::parse("KWD"), None);
    }

    fn minors(parts: &[Money]) -> Vec<i64> {
        parts.iter().map(|part| part.minor).collect()
    }

    #[test]
    fn odd_units_go_to_the_first_or_to_those_who_lost_most() {
        let euros = |minor| Money::new(minor, Currency::EUR);
        let three = NonZeroU16::new(3).unwrap();
        assert_eq!(minors(&euros(100).split_evenly(three)), [34, 33, 33]);
        assert_eq!(minors(&euros(1).split_evenly(three)), [1, 0, 0]);
        assert_eq!(minors(&euros(-100).split_evenly(three)), [-33, -33, -34]);
        assert_eq!(minors(&euros(100).split_by(&[1, 2, 3])), [17, 33, 50]);
        assert_eq!(minors(&euros(10).split_by(&[0, 7, 0])), [0, 10, 0]);
        assert_eq!(minors(&euros(10).split_by(&[])), [10]);
        assert_eq!(minors(&euros(i64::MAX).split_by(&[u64::MAX, 0])), [i64::MAX, 0]);
    }

    /// Currencies without, with two and with three decimals.
    fn currency() -> impl Strategy<Value = Currency> {
        use iso_currency::Currency::{EUR, JPY, KWD};
        prop::sample::select(vec![JPY, EUR, KWD]).prop_map(Currency)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn equal_parts_add_up(minor in prop_oneof![0..100_000_i64, any::<i64>()], count in 1..=60_u16, currency in currency()) {
            let whole = Money::new(minor, currency);
            let parts = whole.split_evenly(NonZeroU16::new(count).unwrap());
            prop_assert_eq!(parts.len(), usize::from(count));
            prop_assert!(parts.windows(2).all(|two| two[0].minor >= two[1].minor), "the first take the odd units");
            prop_assert!(parts[0].minor - parts[parts.len() - 1].minor <= 1);
            let sum = parts.into_iter().try_fold(Money::new(0, currency), Money::checked_add);
            prop_assert_eq!(sum, Ok(whole));
        }

        #[test]
        fn weighed_parts_add_up_and_are_right_to_a_unit(
            minor in 0..1_000_000_000_000_i64, weights in prop::collection::vec(0..1_000_000_u64, 1..20), currency in currency(),
        ) {
            let whole = Money::new(minor, currency);
            let parts = whole.split_by(&weights);
            let total: u64 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(weights).filter(|_| total > 0) {
                let error = i128::from(part.minor) * i128::from(total) - i128::from(minor) * i128::from(weight);
                prop_assert!(error.abs() < i128::from(total));
            }
            prop_assert_eq!(minors(&parts).iter().sum::<i64>(), minor);
        }
    }

    proptest! {
        #[test]
        fn a_split_loses_nothing(minor in 0..i64::MAX, bps in 0..=10_000_u16) {
            let (share, rest) = Money::new(minor, Currency::EUR).split_bps(bps);
            prop_assert!(share.minor >= 0 && rest.minor >= 0);
            prop_assert_eq!(share.minor + rest.minor, minor);
        }

        #[test]
        fn what_is_written_is_read_again(hundredths in -99_999_999_999_999_i64..99_999_999_999_999) {
            let amount = Amount { hundredths };
            prop_assert_eq!(read(&serde_json::to_string(&amount).unwrap()), Some(amount));
        }
    }
}
