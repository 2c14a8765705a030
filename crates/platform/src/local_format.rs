//! Amounts and dates as people write them in each language; the figures are those of CLDR 46.

use jiff::civil::Date;

use crate::{
    locale::Language,
    money::{Currency, Money},
};

/// Keeps a number and its currency on one line.
const NO_BREAK: char = '\u{a0}';

impl Language {
    /// An amount as people write it: `€1,234.50`, `1.234,50 €`.
    pub fn money(self, money: Money) -> String {
        let number = self.number(&Money::new(money.minor.saturating_abs(), money.currency).to_string());
        let sign = if money.minor < 0 { "-" } else { "" };
        let symbol = symbol(money.currency);
        match self {
            Self::En if symbol.chars().count() == 1 => format!("{sign}{symbol}{number}"),
            Self::En => format!("{sign}{symbol}{NO_BREAK}{number}"),
            Self::De | Self::It => format!("{sign}{number}{NO_BREAK}{symbol}"),
        }
    }

    /// A plain number, `-1234.5`, as people write it: `-1,234.5`, `-1.234,5`.
    pub fn number(self, plain: &str) -> String {
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("-", digits));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let (group, point) = match self {
            Self::En => (',', '.'),
            Self::De | Self::It => ('.', ','),
        };
        let mut number = format!("{sign}{}", grouped(whole, group));
        if !decimals.is_empty() {
            number.push(point);
            number.push_str(decimals);
        }
        number
    }

    /// A date as people write it: `2 March 2026`, `2. März 2026`, `2 marzo 2026`.
    pub fn date(self, date: Date) -> String {
        let month = self.text(&format!("month-{}", date.month()), &[]);
        let dot = if self == Self::De { "." } else { "" };
        format!("{}{dot} {month} {}", date.day(), date.year())
    }
}

/// Groups of three digits, from the right.
fn grouped(digits: &str, mark: char) -> String {
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(mark);
        }
        grouped.push(digit);
    }
    grouped
}

fn symbol(currency: Currency) -> &'static str {
    match currency.code() {
        "EUR" => "€",
        "GBP" => "£",
        "USD" => "$",
        "JPY" => "¥",
        code => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        let money = |minor, code| Money::new(minor, Currency::parse(code).unwrap());
        for (amount, english, german) in [
            (money(4990, "EUR"), "€49.90", "49,90\u{a0}€"),
            (money(123_456_789, "EUR"), "€1,234,567.89", "1.234.567,89\u{a0}€"),
            (money(-5, "EUR"), "-€0.05", "-0,05\u{a0}€"),
            (money(100_000, "CHF"), "CHF\u{a0}1,000.00", "1.000,00\u{a0}CHF"),
            (money(1234, "JPY"), "¥1,234", "1.234\u{a0}¥"),
            (money(i64::MIN, "EUR"), "-€92,233,720,368,547,758.07", "-92.233.720.368.547.758,07\u{a0}€"),
        ] {
            assert_eq!(
                (Language::En.money(amount), Language::De.money(amount)),
                (english.into(), german.into())
            );
            assert_eq!(Language::It.money(amount), german);
        }
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (plain, english, german) in [
            ("10000", "10,000", "10.000"),
            ("-90.5", "-90.5", "-90,5"),
            ("7", "7", "7"),
            ("0.25", "0.25", "0,25"),
        ] {
            assert_eq!(
                (Language::En.number(plain), Language::De.number(plain)),
                (english.into(), german.into())
            );
        }
    }

    #[test]
    fn dates_are_written_as_people_write_them() {
        let date = Date::constant(2026, 3, 2);
        let written = Language::ALL.map(|language| language.date(date));
        assert_eq!(written, ["2 March 2026", "2. März 2026", "2 marzo 2026"]);
        for month in 1..=12 {
            let date = Date::new(2026, month, 1).unwrap();
            assert!(Language::ALL.iter().all(|language| !language.date(date).contains("month-")));
        }
    }
}
