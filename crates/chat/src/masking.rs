//! Contact details in messages: taken out until the two have agreed on a booking, so that nobody is drawn away from
//! where payments are safe. It stops slips, not the inventive; what it took out is said, never hidden.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};
use unicode_normalization::UnicodeNormalization as _;

/// What stands in the place of a contact detail, in every language.
pub(crate) const MASK: &str = "•••";

macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
    };
}

pattern!(
    EMAIL,
    r"(?i)[\p{L}\p{N}._%+'-]+\s*(?:@|[(\[{](?:at|ät|chiocciola)[)\]}])\s*[\p{L}\p{N}-]+(?:(?:\.|\s*[(\[{](?:dot|punkt|punto)[)\]}]\s*|\s(?:dot|punkt|punto)\s)[\p{L}\p{N}-]+)+"
);
pattern!(
    SPOKEN_EMAIL,
    r"(?i)[\p{L}\p{N}._%+'-]+\s(?:at|ät|chiocciola)\s[\p{L}\p{N}-]+(?:\s(?:dot|punkt|punto)\s[\p{L}\p{N}-]+)+"
);
pattern!(
    LINK,
    r"(?i)\b(?:https?://|www\.)\S+|\b(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:com|net|org|info|biz|de|at|ch|it|eu|io|app|me|co|uk|fr|es|shop|online|site|link|ly|gg|tv)\b(?:/\S*)?"
);
pattern!(
    HANDLE,
    r"(?i)\b(?:whats\s?app|telegram|signal|insta(?:gram)?|snapchat|skype)\s*[:@]\s*@?[\p{L}\p{N}._-]{3,}"
);
// Fewer than eight digits are a price, a house number or a postal code. A date comes first, so that it is not taken for
// the beginning of a number.
pattern!(
    NUMBERS,
    r"\b(?P<date>\d{4}-(?:0[1-9]|1[0-2])-[0-3]\d|[0-3]?\d[./-](?:0?[1-9]|1[0-2])[./-](?:\d{4}|\d{2}))\b|(?:\+|\()?\d(?:[\s().\-/–]{0,3}\d){7,16}"
);

/// The text without contact details; `None` where there are none.
pub(crate) fn masked(text: &str) -> Option<String> {
    // Full-width digits and the like are what they look like.
    let plain: String = text.nfkc().collect();
    let mut changed = false;
    let mut current: Cow<'_, str> = Cow::Borrowed(&plain);
    for pattern in [&EMAIL, &SPOKEN_EMAIL, &LINK, &HANDLE] {
        let Some(pattern) = pattern.as_ref() else { continue };
        if pattern.is_match(&current) {
            changed = true;
            current = Cow::Owned(pattern.replace_all(&current, MASK).into_owned());
        }
    }
    if let Some(numbers) = NUMBERS.as_ref() {
        let replaced = numbers.replace_all(&current, |found: &Captures<'_>| {
            found.name("date").map_or(MASK, |date| date.as_str()).to_owned()
        });
        if replaced != current {
            changed = true;
            current = Cow::Owned(replaced.into_owned());
        }
    }
    changed.then(|| current.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contact_details_are_taken_out_in_three_languages() {
        for text in [
            "Call me: +49 151 23456789",
            "Ruf mich an, 0151/2345 6789",
            "Il mio numero è 347 123 4567",
            "(030) 901820-100",
            "０１５１２３４５６７８９",
            "anna@example.com",
            "anna (at) example (punkt) de",
            "anna ät example punkt de",
            "scrivimi: anna chiocciola esempio punto it",
            "see https://example.org/x?y=1",
            "www.beispiel.de/kontakt",
            "meine Seite: fenster-weber.de",
            "instagram: @bob.cleans",
            "WhatsApp:bobweber",
        ] {
            let masked = masked(text).unwrap_or_else(|| panic!("{text} stays"));
            assert!(masked.contains(MASK), "{text}: {masked}");
        }
        assert_eq!(masked("Call +49 151 23456789, please!").unwrap(), format!("Call {MASK}, please!"));
    }

    #[test]
    fn what_is_said_about_a_job_stays() {
        for text in [
            "",
            "Can you come on 12.03.2026 at 10:30?",
            "Am 12.03.2026 - 14.03.2026 bin ich da.",
            "2026-03-12 10:30 would be good",
            "It costs 1.250,00 EUR for 3 rooms.",
            "Musterstraße 12, 10115 Berlin",
            "Sono 120 m2, 4 finestre, 2 porte.",
            "I am at home. It is fine.",
            "Ich bin zu Hause.Danke",
            "SB-7K2M9P",
            "Meet me at 5 punkt",
        ] {
            assert_eq!(masked(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_telephone_number_gets_through(
            words in "[a-z ]{0,20}", number in "\\+?[1-9][0-9]{8,13}", after in "( [a-z]{1,9}){0,3}",
        ) {
            let text = format!("{words} {number}{after}");
            let masked = masked(&text).unwrap();
            prop_assert!(!masked.contains(number.trim_start_matches('+')), "{masked}");
        }

        #[test]
        fn no_address_gets_through(name in "[a-z]{1,12}", host in "[a-z]{2,12}", end in "(com|de|it|museum)") {
            let masked = masked(&format!("so: {name}@{host}.{end} ok")).unwrap();
            prop_assert_eq!(masked, format!("so: {} ok", MASK));
        }

        #[test]
        fn masking_twice_is_masking_once(text in "\\PC{0,80}") {
            if let Some(once) = masked(&text) {
                prop_assert_eq!(masked(&once), None);
            }
        }
    }
}
