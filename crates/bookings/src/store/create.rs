//! The SQL of making a booking: one statement reads everything that decides, one writes everything that
//! follows. With `begin` and `commit` that is four round trips.

use platform::{
    ids::{ServiceId, UserId},
    jobs::{Job, Timing},
    locale::Language,
    money::Currency,
    outbox::Event as _,
    stream,
};
use scheduling::{ExceptionDraft, Schedule, ScheduleDraft, StoredSchedule, WeeklyHours};
use sqlx::{PgConnection, types::Json};

use crate::{
    events::BookingChanged,
    model::{Actor, Booking, Span},
    policy::Policy,
    reference,
    transitions::Event,
};

/// What a service is booked on, and what stands between the two people.
pub(crate) struct Terms {
    pub(crate) provider_id: UserId,
    pub(crate) provider_name: String,
    pub(crate) customer_name: String,
    pub(crate) title: String,
    pub(crate) price_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) credits_required: i32,
    pub(crate) duration_minutes: i32,
    pub(crate) cancellation_policy: Policy,
    /// Whether the service can be found at all.
    pub(crate) is_offered: bool,
    /// Whether one has blocked the other.
    pub(crate) is_blocked: bool,
    /// Whether the provider takes bookings at present.
    pub(crate) is_available: bool,
    home_timezone: String,
    stored: Option<StoredSchedule>,
}

impl Terms {
    /// A booking that moves keeps the buffers that it was made with.
    pub(crate) fn keep_buffers(&mut self, before: i32, after: i32) {
        if let Some(stored) = &mut self.stored {
            stored.buffer_before_minutes = before;
            stored.buffer_after_minutes = after;
        }
    }

    /// How long before a start somebody books, or moves what they booked.
    pub(crate) fn min_notice_minutes(&self) -> i32 {
        self.stored.as_ref().map_or(0, |stored| stored.min_notice_minutes)
    }

    /// When the service can be booked, with the service's own rules in place of the provider's. A provider
    /// without a schedule, or who takes no bookings at present, is closed.
    pub(crate) fn schedule(&mut self) -> anyhow::Result<Schedule> {
        match self.stored.take() {
            Some(stored) if !self.is_available => closed(&stored.timezone),
            stored => self.open(stored),
        }
    }

    /// To when a booking can be moved: also while the provider takes no new ones.
    pub(crate) fn schedule_for_moves(&mut self) -> anyhow::Result<Schedule> {
        let stored = self.stored.take();
        self.open(stored)
    }

    fn open(&self, stored: Option<StoredSchedule>) -> anyhow::Result<Schedule> {
        stored.map_or_else(|| closed(&self.home_timezone), StoredSchedule::into_schedule)
    }
}

fn closed(timezone: &str) -> anyhow::Result<Schedule> {
    let closed = ScheduleDraft::closed(timezone).parse();
    Ok(closed.or_else(|_unknown_zone| ScheduleDraft::closed("UTC").parse())?)
}

/// How many times one may keep from others before paying for them: of one provider.
const MAX_UNPAID_HOLDS_WITH_PROVIDER: i64 = 3;
/// And in all.
const MAX_UNPAID_HOLDS: i64 = 5;

/// The terms of a service for somebody; takes the provider's calendar lock, so that what is read after this statement
/// stays true until the transaction ends.
pub(crate) async fn terms(
    db: &mut PgConnection,
    service: ServiceId,
    customer: UserId,
    language: Language,
) -> sqlx::Result<Option<Terms>> {
    terms_and_holds(db, service, customer, language, false).await
}

/// The same, and the lock of the customer's unpaid holds where there may be another.
pub(crate) async fn terms_and_holds(
    db: &mut PgConnection,
    service: ServiceId,
    customer: UserId,
    language: Language,
    may_hold_unpaid: bool,
) -> sqlx::Result<Option<Terms>> {
    let row = sqlx::query!(
        r#"select s.provider_id, p.name as provider_name, c.name as customer_name,
                  coalesce(s.translations -> $3 ->> 'title', s.title) as "title!", s.price_minor, s.currency,
                  s.credits_required, s.duration_minutes, s.cancellation_policy,
                  s.is_active and p.state = 'active' as "is_offered!", o.is_available, p.timezone as home_timezone,
                  exists (select from user_blocks
                           where (blocker_id, blocked_id) in ((s.provider_id, c.id), (c.id, s.provider_id)))
                      as "is_blocked!",
                  t.timezone as "timezone?", t.weekly as "weekly?: Json<Vec<WeeklyHours>>",
                  t.exceptions as "exceptions?: Json<Vec<ExceptionDraft>>",
                  coalesce(s.min_notice_minutes, t.min_notice_minutes) as min_notice_minutes,
                  coalesce(s.max_advance_days, t.max_advance_days) as max_advance_days,
                  coalesce(s.buffer_before_minutes, t.buffer_before_minutes) as buffer_before_minutes,
                  coalesce(s.buffer_after_minutes, t.buffer_after_minutes) as buffer_after_minutes,
                  t.slot_step_minutes as "slot_step_minutes?", t.auto_accept as "auto_accept?",
                  lock_calendar(s.provider_id) and (not $4 or lock_holds(c.id)) as "locked!"
             from services s
             join providers o on o.user_id = s.provider_id
             join users p on p.id = s.provider_id
             join users c on c.id = $2
             left join schedules t on t.provider_id = s.provider_id
            where s.id = $1
              -- A withdrawal of the service waits for us, or we see it.
              for key share of s"#,
        service as _,
        customer as _,
        language.code(),
        may_hold_unpaid,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.filter(|row| row.locked).map(|row| Terms {
        provider_id: row.provider_id,
        provider_name: row.provider_name,
        customer_name: row.customer_name,
        title: row.title,
        price_minor: row.price_minor,
        currency: row.currency,
        credits_required: row.credits_required,
        duration_minutes: row.duration_minutes,
        cancellation_policy: row.cancellation_policy,
        is_offered: row.is_offered,
        is_blocked: row.is_blocked,
        is_available: row.is_available,
        home_timezone: row.home_timezone,
        stored: row.timezone.map(|timezone| StoredSchedule {
            timezone,
            weekly: row.weekly.unwrap_or_default(),
            exceptions: row.exceptions.unwrap_or_default(),
            min_notice_minutes: row.min_notice_minutes.unwrap_or_default(),
            max_advance_days: row.max_advance_days.unwrap_or_default(),
            buffer_before_minutes: row.buffer_before_minutes.unwrap_or_default(),
            buffer_after_minutes: row.buffer_after_minutes.unwrap_or_default(),
            slot_step_minutes: row.slot_step_minutes.unwrap_or_default(),
            auto_accept: row.auto_accept.unwrap_or_default(),
        }),
    }))
}

/// What became of a new booking.
pub(crate) struct Inserted {
    /// Its short name; `None` where nothing was written.
    pub(crate) reference: Option<String>,
    /// Whether its customer holds too much already.
    pub(crate) exceeds_holds: bool,
}

/// Writes a new booking with its first line of history, the time that it holds, the event, the timer and
/// the provider's record, unless the time is taken or its customer holds too many without having paid: then nothing.
///
/// The caller holds the locks of [`terms_and_holds`], so the checks are exact; the constraint `reservations_no_overlap`
/// stands behind it all the same.
pub(crate) async fn insert<J: Job>(
    db: &mut PgConnection,
    booking: &Booking,
    counts_request: bool,
    timer: (&J, Timing),
) -> anyhow::Result<Inserted> {
    let (job, Timing { at, key }) = timer;
    let by = crate::change::By { actor: Actor::Customer, id: Some(booking.customer_id), reason: None };
    let event = BookingChanged::of(booking, None, Event::Created, &by);
    let (people, kinds) = stream::people_and_kinds(&event.live());
    let blocked = booking.blocked(Span { starts_at: booking.starts_at, ends_at: booking.ends_at });
    let address = booking.address.as_ref().map(|address| serde_json::to_value(&address.0)).transpose()?;
    let inserted = sqlx::query_as!(
        Inserted,
        r#"with holds as (
             select count(*) >= $42 or count(*) filter (where provider_id = $1) >= $43 as are_too_many from bookings
              where $10 = 'awaiting_payment' and state = 'awaiting_payment' and customer_id = $8
         ), slot as (
             insert into reservations (provider_id, booking_id, purpose, starts_at, ends_at, blocked)
             select $1, $2, 'booking', $3, $4, tstzrange($5, $6)
              where not exists (select from reservations where provider_id = $1 and blocked && tstzrange($5, $6))
                and not (select are_too_many from holds)
             returning booking_id
         ), booking as (
             insert into bookings
                    (id, reference, customer_id, provider_id, service_id, state, list_position, timezone, starts_at,
                     ends_at, respond_by, service_title, service_price_minor, credits_required, currency,
                     duration_minutes, buffer_before_minutes, buffer_after_minutes, cancellation_policy,
                     commission_bps, books_instantly, total_minor, payment_method, payment_type, payment_status,
                     notes, address, min_notice_minutes, created_at, updated_at)
             select booking_id,
                    (select name from unnest($7::text[]) name
                      where not exists (select from bookings b where b.reference = name) limit 1),
                    $8, $1, $9, $10, $11, $12, $3, $4, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
                    $25, $26, $27, $28, $29, $44, $30, $30
               from slot
             returning id, reference
         ), history as (
             insert into booking_history (booking_id, at, event, to_state, actor, actor_id)
             select id, $30, $31, $10, 'customer', $8 from booking
         ), told as (
             insert into outbox (topic, subject, payload, created_at) select $32, id, $33, $30 from booking
         ), timed as (
             insert into jobs (kind, payload, key, run_at, created_at) select $34, $35, $36, $37, $30 from booking
         ), live as (
             select append_kinds($39, $40, $30, $41) from booking
         ), counted as (
             update providers set requests_received = requests_received + 1
              where user_id = $1 and $38 and exists (select from booking)
         )
         select (select reference from booking) as reference, (select are_too_many from holds) as "exceeds_holds!"
          where (select count(*) from live) >= 0"#,
        booking.provider_id as _,
        booking.id as _,
        booking.starts_at as _,
        booking.ends_at as _,
        blocked.starts_at as _,
        blocked.ends_at as _,
        &reference::candidates(booking.id),
        booking.customer_id as _,
        booking.service_id as _,
        booking.state as _,
        booking.list_position,
        booking.timezone,
        booking.respond_by as _,
        booking.service_title,
        booking.service_price_minor,
        booking.credits_required,
        booking.currency as _,
        booking.duration_minutes,
        booking.buffer_before_minutes,
        booking.buffer_after_minutes,
        booking.cancellation_policy as _,
        booking.commission_bps,
        booking.books_instantly,
        booking.total_minor,
        booking.payment_method as _,
        booking.payment_type as _,
        booking.payment_status as _,
        booking.notes,
        address,
        booking.created_at as _,
        Event::Created as _,
        BookingChanged::TOPIC,
        serde_json::to_value(&event)?,
        J::KIND,
        serde_json::to_value(job)?,
        key,
        at.unwrap_or(booking.created_at) as _,
        counts_request,
        &people as _,
        &kinds,
        serde_json::to_value(event.news())?,
        MAX_UNPAID_HOLDS,
        MAX_UNPAID_HOLDS_WITH_PROVIDER,
        booking.min_notice_minutes,
    )
    .fetch_one(db)
    .await?;
    Ok(inserted)
}
