//! What a JSON value must look like: the field lists of the contract in a form that can be checked.

use jiff::{Timestamp, civil};
use serde_json::Value;

/// The fields of an object. All of them must be there; others may be.
pub type Shape = [(&'static str, Kind)];

/// What a field must be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A lower-case UUID of version 7.
    Id,
    /// A string.
    Text,
    /// A string that is not empty.
    Word,
    /// `true` or `false`.
    Flag,
    /// A whole number, not negative.
    Count,
    /// A number.
    Number,
    /// A number with at most two decimals.
    Money,
    /// `EUR`.
    Currency,
    /// RFC 3339 in UTC with `Z`.
    Instant,
    /// `YYYY-MM-DD`.
    Date,
    /// `HH:MM:SS`.
    Time,
    /// `HH:MM:SS`, up to `24:00:00`.
    End,
    /// An absolute URL.
    Link,
    /// `#RRGGBB`.
    Color,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An object with these fields.
    Is(&'static Shape),
    /// A list of such values.
    Each(&'static Kind),
    /// Such a value, or `null`.
    Maybe(&'static Kind),
    /// An object, whatever is in it.
    Object,
    /// Anything, but the field is there.
    Present,
}

/// Says where `value` is not what `kind` asks for; `path` is where it stands.
pub fn misfit(path: &str, value: &Value, kind: Kind) -> Option<String> {
    match kind {
        Kind::Is(shape) => object_misfit(path, value, shape),
        Kind::Each(kind) => match value.as_array() {
            Some(items) => {
                let mut numbered = items.iter().enumerate();
                numbered.find_map(|(index, item)| misfit(&join(path, &index.to_string()), item, *kind))
            }
            None => Some(sentence(path, "a list", value)),
        },
        Kind::Maybe(_) if value.is_null() => None,
        Kind::Maybe(kind) => misfit(path, value, *kind),
        Kind::OneOf(words) => {
            let fits = value.as_str().is_some_and(|text| words.contains(&text));
            (!fits).then(|| sentence(path, &format!("one of {}", words.join(", ")), value))
        }
        _ => (!fits(value, kind)).then(|| sentence(path, name(kind), value)),
    }
}

fn object_misfit(path: &str, value: &Value, shape: &Shape) -> Option<String> {
    let Some(object) = value.as_object() else { return Some(sentence(path, "an object", value)) };
    shape.iter().find_map(|(field, kind)| match object.get(*field) {
        Some(value) => misfit(&join(path, field), value, *kind),
        None => Some(format!("the field {} is missing; there are {}", join(path, field), known(object))),
    })
}

fn known(object: &serde_json::Map<String, Value>) -> String {
    object.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

fn sentence(path: &str, expected: &str, value: &Value) -> String {
    let place = if path.is_empty() { "the answer" } else { path };
    format!("{place} should be {expected}, but is {}", shortened(&value.to_string(), 200))
}

/// At most `length` characters of a text.
pub fn shortened(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length).chain(['…']).collect()
}

/// An amount as whole cents, if it is one.
pub fn cents(value: &Value) -> Option<i64> {
    // From the text of the number: a float may not be exact.
    let text = value.as_number()?.to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "0"));
    let decimals = match decimals.len() {
        1 => decimals.parse::<i64>().ok()?.checked_mul(10)?,
        2 => decimals.parse::<i64>().ok()?,
        _ => return None,
    };
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(decimals)
}

fn fits(value: &Value, kind: Kind) -> bool {
    let text = value.as_str();
    match kind {
        Kind::Id => text.is_some_and(is_id),
        Kind::Text => text.is_some(),
        Kind::Word => text.is_some_and(|text| !text.trim().is_empty()),
        Kind::Flag => value.is_boolean(),
        Kind::Count => value.as_u64().is_some(),
        Kind::Number => value.is_number(),
        Kind::Money => cents(value).is_some(),
        Kind::Currency => {
            text.is_some_and(|text| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()))
        }
        Kind::Instant => text.is_some_and(|text| text.ends_with('Z') && text.parse::<Timestamp>().is_ok()),
        Kind::Date => text.is_some_and(|text| text.len() == 10 && text.parse::<civil::Date>().is_ok()),
        Kind::Time => text.is_some_and(|text| text.len() == 8 && text.parse::<civil::Time>().is_ok()),
        Kind::End => text == Some("24:00:00") || fits(value, Kind::Time),
        Kind::Link => text.is_some_and(|text| reqwest::Url::parse(text).is_ok()),
        Kind::Color => text.is_some_and(is_color),
        Kind::Object => value.is_object(),
        Kind::Present => true,
        // These have sentences of their own in `misfit`.
        Kind::OneOf(_) | Kind::Is(_) | Kind::Each(_) | Kind::Maybe(_) => false,
    }
}

fn is_id(text: &str) -> bool {
    let form = "xxxxxxxx-xxxx-7xxx-xxxx-xxxxxxxxxxxx";
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, wanted)| match wanted {
            b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            _ => byte == wanted,
        })
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Id => "a lower-case UUIDv7",
        Kind::Text => "a string",
        Kind::Word => "a string that says something",
        Kind::Flag => "true or false",
        Kind::Count => "a whole number, not negative",
        Kind::Number => "a number",
        Kind::Money => "a number with at most two decimals",
        Kind::Currency => "a currency like EUR",
        Kind::Instant => "an instant in UTC with Z",
        Kind::Date => "a date like 2026-03-02",
        Kind::Time => "a time like 09:00:00",
        Kind::End => "a time like 17:00:00, or 24:00:00",
        Kind::Link => "an absolute URL",
        Kind::Color => "a colour like #12AB9F",
        Kind::Object | Kind::Is(_) => "an object",
        Kind::Each(_) => "a list",
        Kind::OneOf(_) | Kind::Maybe(_) | Kind::Present => "something",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn money_is_read_exactly() {
        for (value, expected) in [
            (json!(49.9), Some(4990)),
            (json!(49.95), Some(4995)),
            (json!(7), Some(700)),
            (json!(0.07), Some(7)),
            (json!(1.005), None),
            (json!("49.90"), None),
        ] {
            assert_eq!(cents(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_misfit_names_the_place_and_what_was_expected() {
        const PERSON: &Shape = &[("id", Kind::Id), ("born", Kind::Maybe(&Kind::Date))];
        const LIST: &Shape = &[("results", Kind::Each(&Kind::Is(PERSON)))];
        let id = "019a0000-0000-7000-8000-00000000000a";
        let of = |value| misfit("", &value, Kind::Is(LIST));
        assert_eq!(of(json!({"results": [{"id": id, "born": null}]})), None);
        let wrong = of(json!({"results": [{"id": id, "born": "yesterday"}]})).unwrap();
        assert_eq!(wrong, "results.0.born should be a date like 2026-03-02, but is \"yesterday\"");
        let missing = of(json!({"results": [{"id": id}]})).unwrap();
        assert_eq!(missing, "the field results.0.born is missing; there are id");
        let old = of(json!({"results": [{"id": "019a0000-0000-4000-8000-00000000000a", "born": null}]}));
        assert!(old.unwrap().contains("results.0.id should be a lower-case UUIDv7"));
    }
}
