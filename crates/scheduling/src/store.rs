//! The SQL of schedules and of the time that bookings hold.

use std::ops::Range;

use jiff::Timestamp;
use platform::{
    ids::{BookingId, ServiceId, UserId},
    time::Instant,
};
use sqlx::{PgConnection, types::Json};

use crate::{
    draft::{ExceptionDraft, ScheduleDraft, WeeklyHours},
    model::Schedule,
};

/// A schedule as it is stored.
#[derive(Debug)]
pub struct StoredSchedule {
    /// IANA name.
    pub timezone: String,
    /// Opening hours.
    pub weekly: Json<Vec<WeeklyHours>>,
    /// Dates that differ.
    pub exceptions: Json<Vec<ExceptionDraft>>,
    /// As in [`ScheduleDraft`], as are the others.
    pub min_notice_minutes: i32,
    /// Days.
    pub max_advance_days: i32,
    /// Before.
    pub buffer_before_minutes: i32,
    /// After.
    pub buffer_after_minutes: i32,
    /// The grid.
    pub slot_step_minutes: i32,
    /// Whether bookings need no answer.
    pub auto_accept: bool,
}

impl StoredSchedule {
    /// The form on the wire.
    pub fn into_draft(self) -> ScheduleDraft {
        ScheduleDraft {
            timezone: self.timezone,
            weekly: self.weekly.0,
            exceptions: self.exceptions.0,
            min_notice_minutes: self.min_notice_minutes.into(),
            max_advance_days: self.max_advance_days.into(),
            buffer_before_minutes: self.buffer_before_minutes.into(),
            buffer_after_minutes: self.buffer_after_minutes.into(),
            slot_step_minutes: self.slot_step_minutes.into(),
            auto_accept: self.auto_accept,
        }
    }

    /// The checked form. Only checked schedules are stored, so an error is a bug.
    pub fn into_schedule(self) -> anyhow::Result<Schedule> {
        Ok(self.into_draft().parse()?)
    }
}

/// A provider's own schedule; `None` where they never set one.
pub(crate) async fn find(
    db: &mut PgConnection,
    provider: UserId,
) -> sqlx::Result<Option<(StoredSchedule, i32)>> {
    let row = sqlx::query!(
        r#"select timezone, weekly as "weekly: Json<Vec<WeeklyHours>>",
                  exceptions as "exceptions: Json<Vec<ExceptionDraft>>", min_notice_minutes, max_advance_days,
                  buffer_before_minutes, buffer_after_minutes, slot_step_minutes, auto_accept, version
             from schedules where provider_id = $1"#,
        provider as _,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let schedule = StoredSchedule {
            timezone: row.timezone,
            weekly: row.weekly,
            exceptions: row.exceptions,
            min_notice_minutes: row.min_notice_minutes,
            max_advance_days: row.max_advance_days,
            buffer_before_minutes: row.buffer_before_minutes,
            buffer_after_minutes: row.buffer_after_minutes,
            slot_step_minutes: row.slot_step_minutes,
            auto_accept: row.auto_accept,
        };
        (schedule, row.version)
    }))
}

/// The time zone of somebody's account.
pub(crate) async fn timezone_of(db: &mut PgConnection, user: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar!("select timezone from users where id = $1", user as _).fetch_one(db).await
}

/// Waits until nobody else changes this provider's calendar; to the end of the transaction.
pub async fn lock_calendar(db: &mut PgConnection, provider: UserId) -> sqlx::Result<()> {
    sqlx::query_scalar!("select lock_calendar($1)", provider as _).fetch_one(db).await?;
    Ok(())
}

/// Whether PostgreSQL knows the zone too: lists of bookings are filtered by local dates there. Its database
/// of zones may be older than ours.
pub(crate) async fn knows_timezone(db: &mut PgConnection, name: &str) -> sqlx::Result<bool> {
    let known = sqlx::query_scalar!("select now() at time zone $1 is not null", name).fetch_one(db).await;
    match known {
        Ok(_) => Ok(true),
        // invalid_parameter_value
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("22023") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Stores a checked schedule; gives its new version.
pub(crate) async fn save(
    db: &mut PgConnection,
    provider: UserId,
    schedule: &ScheduleDraft,
    now: Instant,
) -> anyhow::Result<i32> {
    let version = sqlx::query_scalar!(
        "insert into schedules as s (provider_id, timezone, weekly, exceptions, min_notice_minutes,
                max_advance_days, buffer_before_minutes, buffer_after_minutes, slot_step_minutes, auto_accept, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (provider_id) do update
            set timezone = excluded.timezone, weekly = excluded.weekly, exceptions = excluded.exceptions,
                min_notice_minutes = excluded.min_notice_minutes, max_advance_days = excluded.max_advance_days,
                buffer_before_minutes = excluded.buffer_before_minutes,
                buffer_after_minutes = excluded.buffer_after_minutes,
                slot_step_minutes = excluded.slot_step_minutes, auto_accept = excluded.auto_accept,
                updated_at = excluded.updated_at, version = s.version + 1
         returning version",
        provider as _,
        schedule.timezone,
        serde_json::to_value(&schedule.weekly)?,
        serde_json::to_value(&schedule.exceptions)?,
        i32::try_from(schedule.min_notice_minutes)?,
        i32::try_from(schedule.max_advance_days)?,
        i32::try_from(schedule.buffer_before_minutes)?,
        i32::try_from(schedule.buffer_after_minutes)?,
        i32::try_from(schedule.slot_step_minutes)?,
        schedule.auto_accept,
        now as _,
    )
    .fetch_one(db)
    .await?;
    Ok(version)
}

/// A booking that holds time.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: BookingId,
    pub(crate) reference: String,
    pub(crate) starts_at: Instant,
    pub(crate) ends_at: Instant,
}

/// The bookings of a provider that are not over yet, soonest first.
pub(crate) async fn held(db: &mut PgConnection, provider: UserId, now: Instant) -> sqlx::Result<Vec<Held>> {
    sqlx::query_as!(
        Held,
        r#"select b.id as "id: BookingId", b.reference, r.starts_at, r.ends_at
             from reservations r join bookings b on b.id = r.booking_id
            where r.provider_id = $1 and r.purpose = 'booking' and r.ends_at > $2
            order by r.starts_at"#,
        provider as _,
        now as _,
    )
    .fetch_all(db)
    .await
}

/// What is taken of a provider's time from `from` on, buffers included; `except` one's own booking.
pub async fn busy(
    db: &mut PgConnection,
    provider: UserId,
    from: Instant,
    except: Option<BookingId>,
) -> sqlx::Result<Vec<Range<Timestamp>>> {
    let rows = sqlx::query!(
        r#"select lower(blocked) as "start!", upper(blocked) as "end!"
             from reservations
            where provider_id = $1 and blocked && tstzrange($2, null) and ($3::uuid is null or booking_id <> $3)"#,
        provider as _,
        from as _,
        except as _,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| row.start.timestamp()..row.end.timestamp()).collect())
}

/// A service with what decides when it can start.
pub(crate) struct Offer {
    pub(crate) duration_minutes: i32,
    /// Whether the provider takes bookings at present.
    pub(crate) is_available: bool,
    /// The zone of the provider's account, for when there is no schedule.
    pub(crate) home_timezone: String,
    pub(crate) schedule: Option<StoredSchedule>,
    pub(crate) busy: Vec<Range<Timestamp>>,
}

/// An offer with the provider's taken time between two instants, in one query.
pub(crate) async fn offer(
    db: &mut PgConnection,
    service: ServiceId,
    from: Instant,
    until: Instant,
) -> sqlx::Result<Option<Offer>> {
    let row = sqlx::query!(
        r#"select s.duration_minutes, p.is_available, u.timezone as home_timezone,
                  c.timezone as "timezone?", c.weekly as "weekly?: Json<Vec<WeeklyHours>>",
                  c.exceptions as "exceptions?: Json<Vec<ExceptionDraft>>",
                  coalesce(s.min_notice_minutes, c.min_notice_minutes) as min_notice_minutes,
                  coalesce(s.max_advance_days, c.max_advance_days) as max_advance_days,
                  coalesce(s.buffer_before_minutes, c.buffer_before_minutes) as buffer_before_minutes,
                  coalesce(s.buffer_after_minutes, c.buffer_after_minutes) as buffer_after_minutes,
                  c.slot_step_minutes as "slot_step_minutes?", c.auto_accept as "auto_accept?",
                  array(select lower(r.blocked) from reservations r
                         where r.provider_id = s.provider_id and r.blocked && tstzrange($2, $3)
                         order by r.blocked) as "starts!: Vec<Instant>",
                  array(select upper(r.blocked) from reservations r
                         where r.provider_id = s.provider_id and r.blocked && tstzrange($2, $3)
                         order by r.blocked) as "ends!: Vec<Instant>"
             from services s
             join providers p on p.user_id = s.provider_id
             join users u on u.id = s.provider_id and u.state = 'active'
             left join schedules c on c.provider_id = s.provider_id
            where s.id = $1 and s.is_active"#,
        service as _,
        from as _,
        until as _,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let schedule = row.timezone.map(|timezone| StoredSchedule {
            timezone,
            weekly: row.weekly.unwrap_or_default(),
            exceptions: row.exceptions.unwrap_or_default(),
            min_notice_minutes: row.min_notice_minutes.unwrap_or_default(),
            max_advance_days: row.max_advance_days.unwrap_or_default(),
            buffer_before_minutes: row.buffer_before_minutes.unwrap_or_default(),
            buffer_after_minutes: row.buffer_after_minutes.unwrap_or_default(),
            slot_step_minutes: row.slot_step_minutes.unwrap_or_default(),
            auto_accept: row.auto_accept.unwrap_or_default(),
        });
        let busy = row.starts.iter().zip(&row.ends).map(|(start, end)| start.timestamp()..end.timestamp());
        Offer {
            duration_minutes: row.duration_minutes,
            is_available: row.is_available,
            home_timezone: row.home_timezone,
            schedule,
            busy: busy.collect(),
        }
    }))
}
