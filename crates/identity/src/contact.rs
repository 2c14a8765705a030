//! Mail addresses and phone numbers: what a request brings is parsed once, and what was parsed is good.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{
    RefOr,
    schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
};

/// A mail address of plain ASCII, without white space around it. Case is kept for display; accounts are
/// found without regard to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// A phone number in E.164.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// Named like the sentence that says what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    #[error("invalid_email")]
    Email,
    #[error("invalid_phone")]
    Phone,
}

impl EmailAddress {
    /// Reads an address as people type it.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(ContactError::Email)?;
        let local_is_good = (1..=64).contains(&local.len())
            && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
            && local.split('.').all(|part| !part.is_empty());
        let label_is_good = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let domain_is_good = domain.contains('.') && domain.split('.').all(label_is_good);
        let good = text.len() <= 254 && local_is_good && domain_is_good;
        if good { Ok(Self(text.to_owned())) } else { Err(ContactError::Email) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl PhoneNumber {
    /// Reads a number with its country code, in any usual spelling.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        // The longest real number has 15 digits; this leaves room for spelling, and none for mischief.
        if text.len() > 40 {
            return Err(ContactError::Phone);
        }
        let number = PHONE_NUMBER_UTIL.parse(text, None).map_err(|_unreadable| ContactError::Phone)?;
        if number.extension.is_some() || !PHONE_NUMBER_UTIL.is_valid_number(&number) {
            return Err(ContactError::Phone);
        }
        Ok(Self(PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned()))
    }

    /// The number, `+` first.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country's calling code.
    pub fn country_code(&self) -> Option<u16> {
        let number = PHONE_NUMBER_UTIL.parse(&self.0, None).ok()?;
        u16::try_from(number.country_code).ok()
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = ContactError;
    fn try_from(text: String) -> Result<Self, ContactError> {
        Self::parse(&text)
    }
}
impl TryFrom<String> for PhoneNumber {
    type Error = ContactError;
    fn try_from(text: String) -> Result<Self, ContactError> {
        Self::parse(&text)
    }
}
impl From<EmailAddress> for String {
    fn from(email: EmailAddress) -> Self {
        email.0
    }
}
impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl utoipa::PartialSchema for EmailAddress {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
            .max_length(Some(254))
            .examples(["ada@example.com"])
            .into()
    }
}
impl utoipa::ToSchema for EmailAddress {}

impl utoipa::PartialSchema for PhoneNumber {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("With the country code; E.164 in answers."))
            .max_length(Some(40))
            .examples(["+4915123456789"])
            .into()
    }
}
impl utoipa::ToSchema for PhoneNumber {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        for good in ["a@b.de", " Ada.Lovelace+x@sub.example.com ", "o'neil@example.co.uk"] {
            assert_eq!(EmailAddress::parse(good).unwrap().as_str(), good.trim());
        }
        for bad in [
            "",
            "a",
            "@b.de",
            "a@",
            "a@b",
            "a b@c.de",
            "a@b..de",
            "a@-b.de",
            "a..b@c.de",
            ".a@b.de",
            "a@b.de\r\nBcc: x@y.z",
            "ä@b.de",
            "a@bü.de",
            "\"a b\"@c.de",
            "a@[127.0.0.1]",
            "<a@b.de>",
            "a,b@c.de",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
        assert!(EmailAddress::parse(&format!("{}@b.de", "a".repeat(65))).is_err());
    }

    #[test]
    fn numbers_become_e164() {
        for (text, number, country) in [
            ("+49 151 23456789", "+4915123456789", 49),
            ("+39 347 123 4567", "+393471234567", 39),
            ("+44 (0)7911 123456", "+447911123456", 44),
        ] {
            let parsed = PhoneNumber::parse(text).unwrap();
            assert_eq!((parsed.as_str(), parsed.country_code()), (number, Some(country)));
        }
        for bad in [
            "",
            "0151 23456789",
            "+49",
            "+49 1",
            "abc",
            "+999 1234567",
            "+49 151 23456789 ext. 5",
            &"1".repeat(500),
        ] {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad}");
        }
    }
}
