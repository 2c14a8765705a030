//! `garde` in three languages: its rules name sentences of the catalogue instead of writing English.

use std::{borrow::Cow, fmt::Display};

use garde::i18n::{I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind, with_i18n};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

use crate::{
    error::{ApiError, ApiResult, FieldErrors},
    locale::Sentence,
};

/// Runs the rules of `value`; all fields at fault are named at once.
pub fn check<T: garde::Validate<Context = ()>>(value: &T) -> ApiResult<()> {
    let Err(report) = with_i18n(Keys, || value.validate()) else { return Ok(()) };
    let mut errors = FieldErrors::new();
    for (path, error) in report.iter() {
        let field = path.to_string().replace('[', ".").replace(']', "");
        errors.entry(field).or_default().push(Sentence::unpack(error.message()));
    }
    Err(ApiError::invalid(errors))
}

/// A rule of our own that was broken: `Err(broken("reversed"))` in a `#[garde(custom(…))]` function
/// shows the sentence `field-reversed`.
pub fn broken(word: &str) -> garde::Error {
    garde::Error::new(Sentence::new(format!("field-{word}")).pack())
}

/// Whether nobody could see anything of a text: it is empty, or only of white space, of characters that have no shape, and of
/// marks on nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_shapeless(c) || is_mark(c))
}

/// An accent or the like, which stands on the character before it.
fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// Unicode's `Default_Ignorable_Code_Point`, with the marks of direction and annotation and the blanks that are letters
/// or symbols to Unicode.
fn is_shapeless(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Something can be seen of it; for `#[garde(custom(not_blank))]`.
pub fn not_blank(value: &str, _context: &()) -> garde::Result {
    if is_blank(value) { Err(broken("required")) } else { Ok(()) }
}

/// The path of a string that holds U+0000, which PostgreSQL cannot store; `None` where there is none.
pub fn field_with_nul(body: &[u8]) -> Option<String> {
    // The escape is the only way to write a NUL in JSON, and almost no body has it.
    if !body.windows(6).any(|w| w == b"\\u0000") {
        return None;
    }
    string_with_nul(&serde_json::from_slice(body).ok()?, "")
}

fn string_with_nul(value: &serde_json::Value, path: &str) -> Option<String> {
    let child = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        serde_json::Value::String(s) if s.contains('\0') => Some(path.to_owned()),
        serde_json::Value::Array(all) => {
            all.iter().enumerate().find_map(|(i, v)| string_with_nul(v, &child(&i.to_string())))
        }
        serde_json::Value::Object(all) => all.iter().find_map(|(name, v)| {
            if name.contains('\0') { Some(path.to_owned()) } else { string_with_nul(v, &child(name)) }
        }),
        _ => None,
    }
}

struct Keys;

fn key(word: &'static str) -> Cow<'static, str> {
    Sentence::new(format!("field-{word}")).pack().into()
}

impl I18n for Keys {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        Sentence::new("field-too_short").with_number("min", min).pack().into()
    }
    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        Sentence::new("field-too_long").with_number("max", max).pack().into()
    }
    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        Sentence::new("field-too_small").with_number("min", min).pack().into()
    }
    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        Sentence::new("field-too_large").with_number("max", max).pack().into()
    }
    fn credit_card_invalid(&self, _reason: InvalidCreditCard) -> Cow<'static, str> {
        key("invalid")
    }
    fn pattern_no_match(&self, _pattern: &dyn Display) -> Cow<'static, str> {
        key("invalid")
    }
    fn contains_missing(&self, _pattern: &dyn Display) -> Cow<'static, str> {
        key("invalid")
    }
    fn url_invalid(&self, _reason: InvalidUrl) -> Cow<'static, str> {
        key("invalid")
    }
    fn prefix_missing(&self, _pattern: &dyn Display) -> Cow<'static, str> {
        key("invalid")
    }
    fn suffix_missing(&self, _pattern: &dyn Display) -> Cow<'static, str> {
        key("invalid")
    }
    fn phone_number_invalid(&self, _reason: InvalidPhoneNumber) -> Cow<'static, str> {
        key("invalid_phone")
    }
    fn ip_invalid(&self, _kind: IpKind) -> Cow<'static, str> {
        key("invalid")
    }
    fn matches_field_mismatch(&self, _field: &dyn Display) -> Cow<'static, str> {
        key("invalid")
    }
    fn email_invalid(&self, _reason: InvalidEmail) -> Cow<'static, str> {
        key("invalid_email")
    }
    fn ascii_invalid(&self) -> Cow<'static, str> {
        key("invalid")
    }
    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        key("invalid")
    }
    fn required_not_set(&self) -> Cow<'static, str> {
        key("required")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_see_is_blank() {
        for blank in [
            "",
            " \t\n",
            "\u{200b}",
            "\u{feff}\u{200d} \u{2060}",
            "\u{3164}",
            "\u{2800}\u{2800}",
            "\u{e0020}",
            // Marks on nothing.
            "\u{301}",
            " \u{301}\u{20e3}\u{200d}",
            "\u{93f}\u{488}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for seen in ["a", "\u{200b}.", "👩\u{200d}🚀", "\u{202e}x", "e\u{301}", "कि", "1\u{fe0f}\u{20e3}"]
        {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }
}
