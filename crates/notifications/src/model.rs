//! What somebody may be told, and how a message about it stands.

use platform::{
    error::{Fault, Kind},
    ids::UserId,
    locale::Language,
    money::Currency,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident as $schema:ident { $($(#[$variant_doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[derive(sqlx::Type, utoipa::ToSchema, strum::IntoStaticStr, strum::VariantArray)]
        #[serde(rename_all = "snake_case")]
        #[sqlx(type_name = "text", rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        #[schema(as = $schema)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant),* }
    };
}

word! {
    /// What a message is about; people choose by it.
    Category as NotificationType {
        /// A booking.
        Booking,
        /// Money.
        Payment,
        /// A review.
        Review,
        /// Somebody wrote.
        Message,
        /// The account, or the house.
        System,
        /// Offers; only to those who agreed.
        Marketing,
    }
}

word! {
    /// How much it matters.
    Priority as NotificationPriority {
        /// As people wish.
        Normal,
        /// Cannot be muted, and does not wait.
        Critical,
    }
}

word! {
    /// A way to somebody.
    Channel as NotificationChannel {
        /// The list of the app.
        InApp,
        /// Their devices.
        Push,
        /// Their mailbox.
        Email,
        /// Their phone.
        Sms,
    }
}

word! {
    /// How a message on its way stands.
    DeliveryState as DeliveryState {
        /// About to be sent.
        Pending,
        /// Waits for the end of quiet hours.
        Held,
        /// The service took it.
        Sent,
        /// It did not work, and is tried again.
        Failed,
        /// It was tried often enough.
        Dead,
        /// It has no use: read already, no device, gathered with others.
        Suppressed,
        /// It was read elsewhere, and taken off the screens.
        Retracted,
    }
}

word! {
    /// Why an address gets no mail; what weighs more comes first, in the alphabet too.
    MailStop as MailStop {
        /// A mail came back: nobody has the address.
        Bounced,
        /// Whoever has it called a mail spam, or wants none: only what is critical is mailed.
        Unwanted,
    }
}

word! {
    /// What a message is about, for links into the app.
    Entity as NotificationEntity {
        /// A booking.
        Booking,
        /// A payment.
        Payment,
        /// A withdrawal.
        Withdrawal,
        /// Where a provider is paid.
        PayoutAccount,
        /// A conversation.
        Conversation,
        /// A service.
        Service,
        /// Nothing that has a page.
        Announcement,
    }
}

word! {
    /// A message that we know how to write: its words are `notification-<name>-title` and `-body`.
    Template as NotificationTemplate {
        BookingRequested,
        BookingNew,
        BookingConfirmed,
        BookingAccepted,
        BookingDeclined,
        BookingWithdrawn,
        BookingPaymentExpired,
        BookingExpired,
        BookingMissed,
        BookingMoved,
        BookingMoveProposed,
        BookingMoveAccepted,
        BookingMoveDeclined,
        BookingMoveWithdrawn,
        BookingMoveExpired,
        BookingStarted,
        BookingCompleted,
        BookingClosed,
        BookingCancelled,
        BookingNoShow,
        BookingNoShowContested,
        BookingNoShowConfirmed,
        BookingDisputed,
        BookingResolved,
        BookingPaymentLost,
        BookingUnpaid,
        BookingPaidAgain,
        BookingCancelledUnpaid,
        BookingTomorrow,
        BookingSoon,
        PaymentReceived,
        PaymentFailed,
        PaymentRetried,
        PaymentDelayed,
        PaymentOwed,
        PaymentOutstanding,
        PaymentRefunded,
        WithdrawalPaid,
        WithdrawalFailed,
        PayoutAccountChanged,
        PayoutAccountProblem,
        AccountRestored,
        MailboxUnreachable,
        MessageReceived,
        ReportUpheld,
        ReportRejected,
        ReportOverdue,
        ServiceEdited,
        ServiceImageRemoved,
        ServiceWithdrawn,
        ServiceNearby,
        Announcement,
        Offer,
    }
}

/// What is fixed for a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nature {
    pub(crate) category: Category,
    pub(crate) priority: Priority,
    pub(crate) entity: Entity,
    /// Weighty enough for a mail, where mails are wanted.
    pub(crate) is_mailed: bool,
}

impl Template {
    /// `snake_case`.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    pub(crate) fn nature(self) -> Nature {
        use Priority::{Critical, Normal};
        let nature = |category, priority, entity, is_mailed| Nature { category, priority, entity, is_mailed };
        match self {
            Self::BookingRequested
            | Self::BookingNew
            | Self::BookingConfirmed
            | Self::BookingAccepted
            | Self::BookingDeclined
            | Self::BookingWithdrawn
            | Self::BookingPaymentExpired
            | Self::BookingExpired
            | Self::BookingMoved
            | Self::BookingMoveProposed
            | Self::BookingMoveAccepted
            | Self::BookingNoShow
            | Self::BookingNoShowContested
            | Self::BookingNoShowConfirmed
            | Self::BookingDisputed
            | Self::BookingResolved
            | Self::BookingPaidAgain
            | Self::BookingTomorrow => nature(Category::Booking, Normal, Entity::Booking, true),
            Self::BookingMissed
            | Self::BookingMoveDeclined
            | Self::BookingMoveWithdrawn
            | Self::BookingMoveExpired
            | Self::BookingStarted
            | Self::BookingClosed
            | Self::BookingSoon => nature(Category::Booking, Normal, Entity::Booking, false),
            Self::BookingCompleted => nature(Category::Review, Normal, Entity::Booking, false),
            Self::BookingCancelled
            | Self::BookingPaymentLost
            | Self::BookingUnpaid
            | Self::BookingCancelledUnpaid => nature(Category::Booking, Critical, Entity::Booking, true),
            Self::PaymentReceived | Self::PaymentRefunded => {
                nature(Category::Payment, Normal, Entity::Payment, true)
            }
            Self::PaymentFailed | Self::PaymentRetried | Self::PaymentOwed => {
                nature(Category::Payment, Critical, Entity::Payment, true)
            }
            // A payment is its payer's to see.
            Self::PaymentDelayed | Self::PaymentOutstanding => {
                nature(Category::Payment, Critical, Entity::Booking, true)
            }
            Self::WithdrawalPaid => nature(Category::Payment, Normal, Entity::Withdrawal, true),
            Self::WithdrawalFailed => nature(Category::Payment, Critical, Entity::Withdrawal, true),
            Self::PayoutAccountChanged | Self::PayoutAccountProblem => {
                nature(Category::Payment, Critical, Entity::PayoutAccount, true)
            }
            Self::ReportOverdue | Self::ServiceWithdrawn => {
                nature(Category::System, Critical, Entity::Announcement, true)
            }
            Self::ReportUpheld | Self::ReportRejected | Self::AccountRestored | Self::MailboxUnreachable => {
                nature(Category::System, Normal, Entity::Announcement, false)
            }
            Self::ServiceEdited | Self::ServiceImageRemoved => {
                nature(Category::System, Normal, Entity::Service, true)
            }
            Self::MessageReceived => nature(Category::Message, Normal, Entity::Conversation, false),
            Self::ServiceNearby => nature(Category::System, Normal, Entity::Service, false),
            Self::Announcement => nature(Category::System, Normal, Entity::Announcement, true),
            Self::Offer => nature(Category::Marketing, Normal, Entity::Announcement, true),
        }
    }
}

/// Words that staff wrote; English where a language is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(as = AnnouncementText)]
pub(crate) struct Texts {
    #[garde(length(chars, min = 1, max = 1000), custom(platform::validation::not_blank))]
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub(crate) en: String,
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 1000), custom(platform::validation::not_blank)))]
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub(crate) de: Option<String>,
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 1000), custom(platform::validation::not_blank)))]
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub(crate) it: Option<String>,
}

impl Texts {
    pub(crate) fn of(&self, language: Language) -> &str {
        let own = match language {
            Language::En => None,
            Language::De => self.de.as_deref(),
            Language::It => self.it.as_deref(),
        };
        own.unwrap_or(&self.en)
    }
}

/// What staff announce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) title: Texts,
    pub(crate) message: Texts,
}

/// What goes into the words of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Args {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    /// The name of the other person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) other: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) starts_at: Option<Instant>,
    /// Where the work is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timezone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<(i64, Currency)>,
    /// Of a receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<String>,
    /// Why staff did it, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preview: Option<String>,
    /// What a message is that has no words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attachment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) words: Option<Words>,
}

/// Somebody is to be told something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) recipient: UserId,
    pub(crate) template: Template,
    /// What it tells of: the same source never makes a second.
    pub(crate) source: String,
    pub(crate) entity_id: Option<Uuid>,
    pub(crate) args: Args,
    /// Messages of one burst are one notification: its name, and the number of this message.
    pub(crate) burst: Option<(String, i64)>,
    /// Only these channels, where staff chose.
    pub(crate) channels: Option<Vec<Channel>>,
}

impl Intent {
    pub(crate) fn new(recipient: UserId, template: Template, source: String) -> Self {
        Self {
            recipient,
            template,
            source,
            entity_id: None,
            args: Args::default(),
            burst: None,
            channels: None,
        }
    }
}

/// Where a message leads in the app.
pub(crate) fn route(entity: Entity, id: Option<Uuid>) -> String {
    let page = match entity {
        Entity::Booking => "bookings",
        Entity::Payment => "payments",
        Entity::Withdrawal => "providers/withdrawals",
        Entity::PayoutAccount => "providers/payout-account",
        Entity::Conversation => "chat/conversations",
        Entity::Service => "services",
        Entity::Announcement => "notifications",
    };
    match (entity, id) {
        (Entity::Booking | Entity::Payment | Entity::Conversation | Entity::Service, Some(id)) => {
            format!("/{page}/{id}/")
        }
        _ => format!("/{page}/"),
    }
}

/// What requests about notifications are refused for.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum NotificationError {
    /// Three are enough.
    #[error("there are three areas already")]
    TooManyAreas,
    /// Staff have sent much in the last hour.
    #[error("too many were sent in the last hour")]
    TooManySent,
    /// It is being sent at this moment.
    #[error("the delivery is under way")]
    DeliveryUnderWay,
    /// Somebody else was faster.
    #[error("there is a newer version of the words")]
    WordingChanged,
}

impl Fault for NotificationError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooManyAreas | Self::DeliveryUnderWay | Self::WordingChanged => Kind::Conflict,
            Self::TooManySent => Kind::Throttled,
        }
    }
    fn code(&self) -> &'static str {
        self.into()
    }
    fn retry_after(&self) -> Option<u64> {
        matches!(self, Self::TooManySent).then_some(3600)
    }
}

impl Channel {
    /// Those with these names.
    pub(crate) fn named(names: &[String]) -> Vec<Self> {
        use strum::VariantArray as _;
        let all = Self::VARIANTS.iter().copied();
        all.filter(|channel| names.iter().any(|name| name == <&str>::from(*channel))).collect()
    }
}
