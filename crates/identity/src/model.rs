//! What an account is, and the rules that requests about accounts can break.

use jiff::SignedDuration;
use platform::{
    auth::StaffRole,
    error::{Fault, Kind},
    ids::UserId,
    locale::Language,
    obligations::Obligation,
    time::Instant,
};
use serde_json::{Map, Value, json};

/// How long a person may change their mind after they deleted their account.
pub const DELETION_GRACE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Whether somebody may use their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AccountState {
    /// Yes.
    Active,
    /// Not now.
    Suspended,
    /// Never again.
    Banned,
    /// They asked for its deletion; signing in takes that back.
    DeletionPending,
    /// It is gone; the row remains for the books.
    Deleted,
}

/// A person's row.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub last_name: Option<String>,
    pub phone_number: Option<String>,
    pub profile_image: Option<String>,
    pub is_email_verified: bool,
    pub is_phone_verified: bool,
    pub language: Language,
    pub timezone: String,
    pub currency: String,
    pub is_provider: bool,
    pub staff_role: Option<StaffRole>,
    pub state: AccountState,
    pub deletion_due_at: Option<Instant>,
    pub password_hash: Option<String>,
    pub version: i32,
    pub created_at: Instant,
    pub last_login_at: Option<Instant>,
    /// The next address, which counts once its owner has given the code that went to it.
    pub pending_email: Option<String>,
    /// When the address was proved, where that was not when the account was made.
    pub email_verified_at: Option<Instant>,
    /// When the number was written or proved, where that was not when the account was made.
    pub phone_set_at: Option<Instant>,
}

impl User {
    /// A new account with everything else at its default.
    pub fn new(id: UserId, email: String, name: String, now: Instant) -> Self {
        Self {
            id,
            email,
            name,
            last_name: None,
            phone_number: None,
            profile_image: None,
            is_email_verified: false,
            is_phone_verified: false,
            language: Language::default(),
            timezone: "Europe/Berlin".to_owned(),
            currency: "EUR".to_owned(),
            is_provider: false,
            staff_role: None,
            state: AccountState::Active,
            deletion_due_at: None,
            password_hash: None,
            version: 1,
            created_at: now,
            last_login_at: None,
            pending_email: None,
            email_verified_at: None,
            phone_set_at: None,
        }
    }

    /// Since when the address is proved to be the person's; `None` where it is not.
    pub fn email_proved_at(&self) -> Option<Instant> {
        self.is_email_verified.then(|| self.email_verified_at.unwrap_or(self.created_at))
    }

    /// Gives the account to whoever proves now that they read its mailbox. What was attached before the
    /// address was proved may be a stranger's, who signed up with it: the number goes here, and the services
    /// that were attached before the time that this returns (all without one) go with it.
    pub fn recover(&mut self, password_hash: Option<String>, now: Instant) -> Option<Instant> {
        let proved_at = self.email_proved_at();
        let phone_set_at = self.phone_set_at.unwrap_or(self.created_at);
        if proved_at.is_none_or(|proved_at| phone_set_at < proved_at) {
            self.phone_number = None;
            self.is_phone_verified = false;
        }
        self.is_email_verified = true;
        self.email_verified_at = Some(proved_at.unwrap_or(now));
        self.pending_email = None;
        self.password_hash = password_hash;
        self.version += 1;
        proved_at
    }

    /// First and last name: as they were given apart, else the last word is the last name.
    pub fn names(&self) -> (&str, &str) {
        let by_word = || self.name.trim().rsplit_once(' ').unwrap_or((self.name.trim(), ""));
        match &self.last_name {
            Some(last) => {
                self.name.strip_suffix(last.as_str()).map_or_else(by_word, |first| (first.trim_end(), last))
            }
            None => by_word(),
        }
    }

    /// Whether somebody who proves to be this person may come in; signing in restores a pending deletion.
    pub fn may_sign_in(&self, now: Instant) -> Result<(), IdentityError> {
        match self.state {
            AccountState::Active => Ok(()),
            AccountState::DeletionPending if self.deletion_due_at.is_none_or(|due| now < due) => Ok(()),
            AccountState::DeletionPending | AccountState::Deleted => Err(IdentityError::InvalidCredentials),
            AccountState::Suspended | AccountState::Banned => Err(IdentityError::AccountSuspended),
        }
    }
}

/// What requests about accounts are refused for.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum IdentityError {
    #[error("another account has this address")]
    EmailTaken,
    #[error("another account has verified this number")]
    PhoneNumberTaken,
    #[error("email or password is wrong")]
    InvalidCredentials,
    #[error("the account is suspended")]
    AccountSuspended,
    #[error("the refresh token was used before")]
    TokenReused,
    #[error("too many failed tries")]
    TooManyAttempts { retry_after: u64, limit: u32 },
    #[error("too many mails were asked for")]
    TooManyCodes { retry_after: u64, limit: u32 },
    #[error("too many SMS were asked for")]
    SmsLimit { retry_after: u64, limit: u32 },
    #[error("no SMS go to this country")]
    SmsCountryNotSupported,
    #[error("the code is wrong")]
    CodeIncorrect,
    #[error("the code has expired or was used up")]
    CodeExpired,
    #[error("the link has expired or was used")]
    LinkExpired,
    #[error("the address is verified")]
    EmailAlreadyVerified,
    #[error("the number is verified")]
    PhoneAlreadyVerified,
    #[error("the password is wrong")]
    WrongPassword { field: &'static str },
    #[error("a new address needs the password or a fresh sign-in")]
    PasswordRequired,
    #[error("the account has no password")]
    NoPassword,
    #[error("something has to be settled first")]
    AccountHasObligations { blockers: Vec<Obligation> },
    #[error("an account with this address exists")]
    AccountExists,
    #[error("the service shared no address")]
    SocialEmailMissing,
}

impl Fault for IdentityError {
    fn kind(&self) -> Kind {
        match self {
            Self::EmailTaken
            | Self::PhoneNumberTaken
            | Self::EmailAlreadyVerified
            | Self::PhoneAlreadyVerified
            | Self::NoPassword
            | Self::AccountHasObligations { .. }
            | Self::AccountExists => Kind::Conflict,
            Self::InvalidCredentials | Self::TokenReused => Kind::Unauthenticated,
            Self::AccountSuspended => Kind::Forbidden,
            Self::TooManyAttempts { .. } | Self::TooManyCodes { .. } | Self::SmsLimit { .. } => {
                Kind::Throttled
            }
            Self::SmsCountryNotSupported
            | Self::CodeIncorrect
            | Self::WrongPassword { .. }
            | Self::PasswordRequired
            | Self::SocialEmailMissing => Kind::Invalid,
            Self::CodeExpired | Self::LinkExpired => Kind::Gone,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::EmailTaken => Some("email"),
            Self::PhoneNumberTaken | Self::SmsCountryNotSupported => Some("phone_number"),
            Self::CodeIncorrect => Some("token"),
            Self::WrongPassword { field } => Some(field),
            Self::PasswordRequired => Some("password"),
            _ => None,
        }
    }

    fn extra(&self) -> Map<String, Value> {
        let members = match self {
            Self::AccountHasObligations { blockers } => json!({"blockers": blockers}),
            _ => json!({}),
        };
        members.as_object().cloned().unwrap_or_default()
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after, .. }
            | Self::TooManyCodes { retry_after, .. }
            | Self::SmsLimit { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    fn limit(&self) -> Option<u32> {
        match self {
            Self::TooManyAttempts { limit, .. }
            | Self::TooManyCodes { limit, .. }
            | Self::SmsLimit { limit, .. } => Some(*limit),
            _ => None,
        }
    }
}

/// Whole seconds until `then`, at least one: what `Retry-After` says.
pub fn seconds_until(then: Instant, now: Instant) -> u64 {
    let micros = then.since(now).as_micros();
    u64::try_from(micros).map_or(1, |micros| micros.div_ceil(1_000_000).max(1))
}
