//! The SQL of bookings: reading one, and writing what a change does.

mod create;
mod disputes;
mod list;
pub(crate) mod obligations;

use platform::ids::{BookingId, ProposalId, ServiceId};
use sqlx::{PgConnection, types::Json};

pub(crate) use self::{
    create::{Terms, insert, terms, terms_and_holds},
    disputes::{DisputeKey, dispute_key, disputed},
    list::{Filter, Key, Ordering, Role, list},
};
use crate::{
    address::Address,
    change::{By, Change},
    model::{Actor, Booking, HistoryEntry, Span, State},
    transitions::Event,
};

/// A booking with its parties' names, its open proposal and its history, in one query.
pub(crate) async fn find(db: &mut PgConnection, id: BookingId) -> sqlx::Result<Option<Booking>> {
    sqlx::query_as!(
        Booking,
        r#"select b.id, b.reference, b.customer_id, c.name as customer_name, b.provider_id, p.name as provider_name,
                  b.service_id, b.state, b.list_position, b.timezone, b.starts_at, b.ends_at, b.respond_by,
                  b.service_title, b.service_price_minor, b.credits_required, b.currency, b.duration_minutes,
                  b.buffer_before_minutes, b.buffer_after_minutes, b.cancellation_policy, b.commission_bps,
                  b.books_instantly, b.total_minor, b.paid_minor, b.retained_minor, b.refund_minor, b.agreed_minor,
                  b.secured_minor, b.kept_minor, b.min_kept_percent, b.customer_moves, b.min_notice_minutes,
                  b.contest_until, b.disputed_from as "disputed_from: State", b.disputed_at, b.payment_method,
                  b.payment_type, b.payment_status, b.notes, b.address as "address: Json<Address>", b.cancelled_by,
                  b.cancellation_reason, b.ics_sequence, b.version, b.created_at, b.updated_at, b.completed_at,
                  r.id as "proposal_id?: ProposalId", r.proposed_by as "proposal_by?: Actor",
                  r.starts_at as "proposal_starts_at?", r.ends_at as "proposal_ends_at?",
                  r.timezone as "proposal_timezone?", r.reason as "proposal_reason?", r.created_at as "proposal_created_at?",
                  r.expires_at as "proposal_expires_at?",
                  coalesce((select jsonb_agg(jsonb_build_object('at', h.at, 'event', h.event, 'from', h.from_state,
                                             'to', h.to_state, 'by', h.actor, 'reason', h.reason) order by h.id)
                              from booking_history h where h.booking_id = b.id), '[]')
                      as "history: Json<Vec<HistoryEntry>>"
             from bookings b
             join users c on c.id = b.customer_id
             join users p on p.id = b.provider_id
             left join reschedule_proposals r on r.booking_id = b.id and r.state = 'open'
            where b.id = $1"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Holds the booking until the transaction ends, and reads it then: in one statement the proposal and the
/// history would be older than the lock.
pub(crate) async fn lock(db: &mut PgConnection, id: BookingId) -> sqlx::Result<Option<Booking>> {
    let held = sqlx::query_scalar!("select id from bookings where id = $1 for update", id as _);
    match held.fetch_optional(&mut *db).await? {
        Some(_) => find(db, id).await,
        None => Ok(None),
    }
}

/// The bookings of a service that are still to come.
pub(crate) async fn upcoming_of(db: &mut PgConnection, service: ServiceId) -> sqlx::Result<Vec<BookingId>> {
    sqlx::query_scalar!(
        r#"select id as "id: BookingId" from bookings
            where service_id = $1 and state in ('awaiting_payment', 'pending_acceptance', 'confirmed')
            order by id"#,
        service as _,
    )
    .fetch_all(db)
    .await
}

/// Writes a booking after a change, and all rows that belong to the change. What a proposal asks for must be free: the
/// constraint `reservations_no_overlap` has the last word.
pub(crate) async fn save(
    db: &mut PgConnection,
    booking: &Booking,
    before: &Booking,
    change: &Change,
    by: &By,
    event: Event,
) -> sqlx::Result<()> {
    if change.is_about_time() {
        rearrange(db, booking, change, by).await?;
    }
    sqlx::query!(
        "with history as (
             insert into booking_history (booking_id, at, event, from_state, to_state, actor, actor_id, reason)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
         ), counted as (
             update providers
                set requests_received = requests_received + $10, requests_answered = requests_answered + $11,
                    response_minutes_sum = response_minutes_sum + $12, jobs_completed = jobs_completed + $13,
                    jobs_cancelled = jobs_cancelled + $14
              where user_id = $9 and $15
         )
         update bookings
            set state = $5, starts_at = $16, ends_at = $17, list_position = $18, timezone = $19, respond_by = $20,
                refund_minor = $21, payment_status = $22, cancelled_by = $23, cancellation_reason = $24,
                ics_sequence = $25, version = $26, updated_at = $2, completed_at = $27, paid_minor = $28,
                payment_method = $29, payment_type = $30, retained_minor = $31, agreed_minor = $32, secured_minor = $33,
                kept_minor = $34, min_kept_percent = $35, customer_moves = $36, contest_until = $37,
                disputed_from = $38, disputed_at = $39
          where id = $1",
        booking.id as _,
        booking.updated_at as _,
        event as _,
        before.state as _,
        booking.state as _,
        by.actor as _,
        by.id as _,
        by.reason,
        booking.provider_id as _,
        change.counts.requests,
        change.counts.answers,
        change.counts.response_minutes,
        change.counts.completed,
        change.counts.let_down,
        !change.counts.is_empty(),
        booking.starts_at as _,
        booking.ends_at as _,
        booking.list_position,
        booking.timezone,
        booking.respond_by as _,
        booking.refund_minor,
        booking.payment_status as _,
        booking.cancelled_by as _,
        booking.cancellation_reason,
        booking.ics_sequence,
        booking.version,
        booking.completed_at as _,
        booking.paid_minor,
        booking.payment_method as _,
        booking.payment_type as _,
        booking.retained_minor,
        booking.agreed_minor,
        booking.secured_minor,
        booking.kept_minor,
        booking.min_kept_percent,
        booking.customer_moves,
        booking.contest_until as _,
        booking.disputed_from as _,
        booking.disputed_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what a change does to the times that are taken, and to the proposal of another one.
async fn rearrange(db: &mut PgConnection, booking: &Booking, change: &Change, by: &By) -> sqlx::Result<()> {
    let now_blocked = booking.blocked(Span { starts_at: booking.starts_at, ends_at: booking.ends_at });
    let proposal = change.proposed.as_ref();
    let asked = proposal.map(|proposal| proposal.span);
    let asked_blocked = asked.map(|span| booking.blocked(span));
    sqlx::query!(
        "with moved as (
             update reservations set starts_at = $5, ends_at = $6, blocked = tstzrange($7, $8)
              where provider_id = $2 and booking_id = $1 and purpose = 'booking' and $9
         ), held as (
             insert into reservations (provider_id, booking_id, purpose, starts_at, ends_at, blocked)
             select $2, $1, 'proposal', $10, $11, tstzrange($12, $13) where $14::uuid is not null
         ), closed as (
             update reschedule_proposals set state = $4, answered_at = $15
              where booking_id = $1 and state = 'open' and $4::text is not null
         ), proposed as (
             insert into reschedule_proposals
                    (id, booking_id, proposed_by, starts_at, ends_at, timezone, reason, state, created_at, expires_at)
             select $14, $1, $16, $10, $11, $19, $17, 'open', $15, $18 where $14::uuid is not null
         )
         -- With the provider, whom the index begins with: by the booking alone all of it would be read.
         delete from reservations
          where provider_id = $2 and booking_id = $1 and ($3 or ($4::text is not null and purpose = 'proposal'))",
        booking.id as _,
        booking.provider_id as _,
        change.release,
        change.closed,
        booking.starts_at as _,
        booking.ends_at as _,
        now_blocked.starts_at as _,
        now_blocked.ends_at as _,
        change.moved,
        asked.map(|span| span.starts_at) as _,
        asked.map(|span| span.ends_at) as _,
        asked_blocked.map(|span| span.starts_at) as _,
        asked_blocked.map(|span| span.ends_at) as _,
        proposal.map(|proposal| proposal.id) as _,
        booking.updated_at as _,
        by.actor as _,
        by.reason,
        proposal.map(|proposal| proposal.expires_at) as _,
        proposal.map(|proposal| proposal.timezone.as_str()),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes how a booking is paid by now.
pub(crate) async fn save_funding(db: &mut PgConnection, booking: &Booking) -> sqlx::Result<()> {
    sqlx::query!(
        "update bookings set payment_method = $2, payment_type = $3, payment_status = $4, paid_minor = $5,
                version = $6, updated_at = $7, retained_minor = $8, agreed_minor = $9, secured_minor = $10
          where id = $1",
        booking.id as _,
        booking.payment_method as _,
        booking.payment_type as _,
        booking.payment_status as _,
        booking.paid_minor,
        booking.version,
        booking.updated_at as _,
        booking.retained_minor,
        booking.agreed_minor,
        booking.secured_minor,
    )
    .execute(db)
    .await?;
    Ok(())
}
