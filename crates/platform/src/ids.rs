//! One newtype per entity, so that a `UserId` can never be passed where a `BookingId` is meant.

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(serde::Serialize, serde::Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new id, ordered by time (UUIDv7): new rows land at the end of the index, ids sort by age.
            pub fn at(now: $crate::time::Instant) -> Self {
                Self(uuid::Uuid::new_v7(now.into()))
            }

            /// The plain UUID.
            pub const fn uuid(self) -> uuid::Uuid {
                self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self { Self(id) }
        }
        impl From<$name> for uuid::Uuid {
            fn from(id: $name) -> Self { id.0 }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    )*};
}

typed_id! {
    /// A person. A provider is a person, so this is a provider's id too.
    UserId,
    /// One sign-in of a person on a device.
    SessionId,
    /// A kind of service.
    CategoryId,
    /// A service that a provider offers.
    ServiceId,
    /// What a moderator did to a service.
    ModerationId,
    /// A picture of a service.
    ImageId,
    /// A booking of a service.
    BookingId,
    /// A proposal to move a booking.
    ProposalId,
    /// One movement of money at a payment gateway.
    OperationId,
    /// A payment for a booking or for credits.
    PaymentId,
    /// A payer's complaint at their bank.
    DisputeId,
    /// Money that goes back to a customer.
    RefundId,
    /// A refund that a second person of finance decides on.
    RefundRequestId,
    /// A payment method that somebody keeps.
    MethodId,
    /// A part of a payment in instalments.
    InstallmentId,
    /// A promotion code.
    PromoId,
    /// Credits that staff propose for somebody.
    GrantId,
    /// Credits that were bought, granted or given back together.
    LotId,
    /// A rule for our share of what providers earn.
    RuleId,
    /// Money that moved, as the ledger has it.
    TransactionId,
    /// Money that is held in the ledger.
    HoldId,
    /// A withdrawal of what a provider has earned; also the operation at the gateway.
    WithdrawalId,
    /// Two people who write to each other.
    ConversationId,
    /// Something that one of them said.
    MessageId,
    /// A file that one sends the other.
    MediaId,
    /// Something that somebody brought before the staff.
    ReportId,
    /// Something that somebody is told.
    NotificationId,
    /// One way by which they are told it.
    DeliveryId,
    /// A phone or browser that shows push notifications.
    DeviceId,
    /// A circle that somebody wants to hear of.
    AreaId,
    /// What staff send to many.
    CampaignId,
    /// Where a partner wants to be told what happens.
    EndpointId,
    /// Something that a partner is told there.
    WebhookDeliveryId,
    /// An act of staff.
    AuditId,
}
