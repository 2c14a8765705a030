//! The SQL of what was earned, posting by posting.

use platform::{
    ids::{BookingId, UserId},
    money::Currency,
    time::Instant,
};
use sqlx::PgConnection;
use uuid::Uuid;

/// What sort of posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum EntryKind {
    /// A job, or a part of its price.
    Earning,
    /// What a customer gave on top.
    Tip,
    /// What of either went back.
    Refund,
}

/// Something that was earned or went back, at the time of its posting.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) id: Uuid,
    pub(crate) provider_id: UserId,
    pub(crate) currency: Currency,
    pub(crate) kind: EntryKind,
    pub(crate) booking_id: BookingId,
    pub(crate) service_title: &'a str,
    pub(crate) is_cash: bool,
    /// Whether the job is counted with it.
    pub(crate) is_first: bool,
    /// Below zero where it went back.
    pub(crate) gross_minor: i64,
    pub(crate) fees_minor: i64,
    pub(crate) posted_at: Instant,
}

/// Writes an entry, and adds it to what its provider has earned. Whoever does it holds the provider's purse.
pub(crate) async fn insert(db: &mut PgConnection, entry: &Entry<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "with entry as (
             insert into earning_entries (id, provider_id, currency, kind, booking_id, service_title, is_cash, is_first,
                    gross_minor, fees_minor, posted_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         )
         insert into provider_earnings as e (provider_id, currency, net_minor)
         values ($2, $3, $9::bigint - $10::bigint)
         on conflict (provider_id, currency) do update set net_minor = e.net_minor + excluded.net_minor",
        entry.id,
        entry.provider_id as _,
        entry.currency as _,
        entry.kind as _,
        entry.booking_id as _,
        entry.service_title,
        entry.is_cash,
        entry.is_first,
        entry.gross_minor,
        entry.fees_minor,
        entry.posted_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
