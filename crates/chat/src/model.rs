//! Why something about a conversation is refused.

use platform::error::{Fault, Kind};

/// A rule of conversations that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ChatError {
    /// One of the two has blocked the other.
    #[error("one of the two has blocked the other")]
    ChatBlocked,
    /// The other one has no account any more.
    #[error("the other one has gone")]
    ConversationClosed,
    /// They have begun many conversations today.
    #[error("too many new conversations")]
    TooManyInquiries,
    /// The time for it is over, or there is nothing to edit.
    #[error("the message can no longer be edited")]
    MessageNotEditable,
    /// The scanner has found malware in it.
    #[error("the file is infected")]
    InfectedFile,
    /// Somebody of the staff was quicker.
    #[error("the report has been decided")]
    ReportDecided,
}

impl Fault for ChatError {
    fn kind(&self) -> Kind {
        match self {
            Self::ChatBlocked => Kind::Forbidden,
            Self::TooManyInquiries => Kind::Throttled,
            Self::InfectedFile => Kind::Invalid,
            Self::ConversationClosed | Self::MessageNotEditable | Self::ReportDecided => Kind::Conflict,
        }
    }
    fn code(&self) -> &'static str {
        self.into()
    }
    fn retry_after(&self) -> Option<u64> {
        matches!(self, Self::TooManyInquiries).then_some(3600)
    }
}
