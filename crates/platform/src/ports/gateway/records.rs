//! What a gateway knows beside operations: payers and their methods, accounts, disputes, its book, its
//! messages.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{OperationId, UserId},
    money::Money,
    time::Instant,
};

/// Somebody who is going to pay, and keep methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayer {
    /// Who they are to us; asking twice gives the same payer.
    pub user: UserId,
    /// Where receipts of the gateway would go.
    pub email: String,
    /// Their name.
    pub name: String,
}

/// A method that a payer keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedMethod {
    /// Its reference.
    pub reference: String,
    /// `card`, `paypal`, …
    pub kind: String,
    /// `visa`, …; `None` where it has none.
    pub brand: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// Month, 1 to 12.
    pub exp_month: Option<i16>,
    /// Year, in four digits.
    pub exp_year: Option<i16>,
}

/// Where a provider wants to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// Who they are to us; asking twice gives the same account.
    pub holder: UserId,
    /// Their mail address; for PayPal also where the money goes.
    pub email: String,
    /// Two upper-case letters.
    pub country: String,
    /// The gateway's token for a bank account, where the app already has one.
    pub bank_token: Option<String>,
}

/// A provider's account at the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutAccount {
    /// Its reference.
    pub reference: String,
    /// Whether it can be paid.
    pub status: AccountStatus,
    /// What the gateway still wants to know, in its words.
    pub requirements: Vec<String>,
}

/// Whether a provider can be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::IntoStaticStr, strum::EnumString)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccountStatus {
    /// The gateway does not know them yet.
    Pending,
    /// Yes.
    Active,
    /// Not until they tell more.
    Restricted,
    /// Never.
    Rejected,
}

/// A payer who wants the money back through their bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its reference.
    pub reference: String,
    /// The reference of the charge.
    pub charge: String,
    /// How much is disputed.
    pub amount: Money,
    /// How it stands.
    pub status: DisputeStatus,
    /// Until when evidence is heard.
    pub respond_by: Option<Instant>,
}

/// What we say in a dispute. Kept as it is sent, since a gateway compares what it hears twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defence {
    /// In our words.
    pub statement: String,
    /// Who paid.
    pub customer: String,
    /// For what.
    pub service: Option<String>,
    /// When it was to be done.
    pub service_at: Option<String>,
    /// What happened, a line each.
    pub log: String,
    /// The rule for cancelling that was agreed on.
    pub cancellation_policy: Option<String>,
}

/// How a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::IntoStaticStr, strum::EnumString)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DisputeStatus {
    /// The money is held.
    Open,
    /// The money is ours again.
    Won,
    /// The money is gone.
    Lost,
}

/// From when to when; the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Instant,
    /// The first instant after it.
    pub until: Instant,
}

/// A page of the gateway's own book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// What happened, in no certain order.
    pub entries: Vec<Entry>,
    /// Asks for the next page; `None` on the last.
    pub next: Option<String>,
}

/// A movement of money, as the gateway has booked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The gateway's name for what moved it: as in the outcome of the operation.
    pub reference: String,
    /// Our operation, where the gateway kept its id.
    pub operation: Option<OperationId>,
    /// What it was.
    pub kind: EntryKind,
    /// How much, positive in every kind.
    pub amount: Money,
    /// What the gateway kept of it.
    pub fee: Money,
    /// When.
    pub at: Instant,
}

/// What moved money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::IntoStaticStr, strum::EnumString)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    /// From a payer to us.
    Charge,
    /// From us back to a payer.
    Refund,
    /// A refund that came back to us.
    RefundFailure,
    /// From us to a provider.
    Payout,
    /// A payout that came back to us.
    PayoutFailure,
    /// Disputed money, held or lost.
    Dispute,
    /// Disputed money that we got back.
    DisputeWon,
    /// Anything else: fees, corrections.
    Other,
}

/// A page of the charges that a gateway knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// In no certain order.
    pub charges: Vec<ChargeRecord>,
    /// Asks for the next page; `None` on the last.
    pub next: Option<String>,
}

/// A charge, as the gateway has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRecord {
    /// As in the outcome of the operation.
    pub reference: String,
    /// Our operation, where the gateway kept its id.
    pub operation: Option<OperationId>,
    /// What was asked for.
    pub amount: Money,
    /// What was taken of it.
    pub taken: Money,
    /// How far it is.
    pub state: ChargeState,
    /// When it was begun.
    pub at: Instant,
}

/// How far a charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::IntoStaticStr, strum::EnumString)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChargeState {
    /// Nothing was taken: it waits for somebody, was declined or let go.
    NotTaken,
    /// The money is reserved.
    Reserved,
    /// It, or a part of it, was taken.
    Taken,
}

/// What the gateway says by itself. It may come late, twice, and in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique for the gateway.
    pub id: String,
    /// What to ask about.
    pub subject: Subject,
    /// Our operation, where the gateway kept its id.
    pub operation: Option<OperationId>,
    /// The gateway's name for the subject.
    pub reference: String,
    /// When the gateway says it happened.
    pub at: Instant,
}

/// What an event is about, and so what to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::IntoStaticStr, strum::EnumString)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Subject {
    /// A charge: it was approved, taken, reserved, let go or declined.
    Charge,
    /// A refund.
    Refund,
    /// The keeping of a method.
    SetUp,
    /// A payout.
    PayOut,
    /// A provider's account.
    Account,
    /// A dispute.
    Dispute,
    /// Nothing that concerns us; take it and forget it.
    Other,
}
