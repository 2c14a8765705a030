//! Which value of a row goes into which column.
use crate::{
    copy::{Fields, Row},
    diary::COMMISSION_BPS,
    rows::{Actor, Booking, Event, Favourite, Person, Provider, Schedule, Service, State},
};

/// All tables that the demo fills, none of which is filled by anything else before.
pub(crate) const TABLES: [&str; 8] = [
    "users",
    "providers",
    "schedules",
    "services",
    "favourites",
    "bookings",
    "booking_history",
    "reservations",
];

impl Row for &Person {
    const TABLE: &'static str = "users";
    #[rustfmt::skip]
    const COLUMNS: &'static [&'static str] = &[
        "id", "email", "name", "is_email_verified", "language", "timezone", "currency", "is_provider", "password_hash",
        "created_at", "updated_at", "last_login_at",
    ];

    fn write(&self, fields: &mut Fields<'_>) {
        fields
            .uuid(self.id)
            .text(&self.email)
            .text(&self.name)
            .bool(true)
            .text(self.country.language().code())
            .text(self.timezone)
            .text(self.country.currency())
            .bool(self.is_provider)
            .text(&self.password_hash)
            .time(self.created_at)
            .time(self.created_at)
            .time(self.last_login_at);
    }
}

impl Row for &Provider {
    const TABLE: &'static str = "providers";
    #[rustfmt::skip]
    const COLUMNS: &'static [&'static str] = &[
        "user_id", "account_type", "business_name", "description", "skills", "languages", "is_verified",
        "is_available", "latitude", "longitude", "city", "service_radius_km", "rating_sum", "rating_count",
        "jobs_completed", "jobs_cancelled", "requests_received", "requests_answered", "response_minutes_sum",
        "currency", "created_at", "updated_at",
    ];

    fn write(&self, fields: &mut Fields<'_>) {
        fields
            .uuid(self.id)
            .text(self.account_type)
            .some(self.business_name.as_deref(), Fields::text)
            .text(&self.description)
            .uuids(&self.skills)
            .texts(&self.languages)
            .bool(self.is_verified)
            .bool(self.is_available)
            .double(self.position.latitude)
            .double(self.position.longitude)
            .text(self.city)
            .integer(self.radius_km)
            .integer(self.record.rating.sum)
            .integer(self.record.rating.count)
            .integer(self.record.jobs_completed)
            .integer(self.record.jobs_cancelled)
            .integer(self.record.requests_received)
            .integer(self.record.requests_answered)
            .bigint(self.record.response_minutes_sum)
            .text(self.country.currency())
            .time(self.created_at)
            .time(self.updated_at);
    }
}

/// A schedule with its JSON, which may fail to be written.
pub(crate) struct ScheduleRow<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) weekly: String,
    pub(crate) exceptions: String,
}

impl Row for ScheduleRow<'_> {
    const TABLE: &'static str = "schedules";
    #[rustfmt::skip]
    const COLUMNS: &'static [&'static str] = &[
        "provider_id", "timezone", "weekly", "exceptions", "min_notice_minutes", "max_advance_days",
        "buffer_before_minutes", "buffer_after_minutes", "slot_step_minutes", "auto_accept", "updated_at",
    ];

    fn write(&self, fields: &mut Fields<'_>) {
        let hours = &self.schedule.hours;
        fields
            .uuid(self.schedule.provider_id)
            .text(self.schedule.timezone)
            .jsonb(&self.weekly)
            .jsonb(&self.exceptions)
            .integer(hours.min_notice_minutes)
            .integer(hours.max_advance_days)
            .integer(hours.buffer_before_minutes)
            .integer(hours.buffer_after_minutes)
            .integer(hours.slot_step_minutes)
            .bool(hours.auto_accept)
            .time(self.schedule.updated_at);
    }
}

impl Row for &Service {
    const TABLE: &'static str = "services";
    #[rustfmt::skip]
    const COLUMNS: &'static [&'static str] = &[
        "id", "provider_id", "category_id", "language", "title", "description", "translations", "price_minor",
        "currency", "credits_required", "duration_minutes", "cancellation_policy", "latitude", "longitude", "city",
        "service_radius_km", "min_notice_minutes", "is_active", "withdrawn_at", "rating_sum", "rating_count",
        "popularity", "created_at", "updated_at",
    ];

    fn write(&self, fields: &mut Fields<'_>) {
        fields
            .uuid(self.id)
            .uuid(self.provider_id)
            .uuid(self.category_id)
            .text(self.language)
            .text(&self.title)
            .text(&self.description)
            .jsonb(&self.translations)
            .bigint(self.price_minor)
            .text(self.currency)
            .integer(self.credits_required)
            .integer(self.duration_minutes)
            .text(self.cancellation_policy)
            .double(self.position.latitude)
            .double(self.position.longitude)
            .text(self.city)
            .integer(self.radius_km)
            .some(self.min_notice_minutes, Fields::integer)
            .bool(self.is_active)
            .some(self.withdrawn_at, Fields::time)
            .integer(self.rating.sum)
            .integer(self.rating.count)
            .real(self.popularity)
            .time(self.created_at)
            .time(self.updated_at);
    }
}

impl Row for &Favourite {
    const TABLE: &'static str = "favourites";
    const COLUMNS: &'static [&'static str] = &["user_id", "service_id", "created_at"];

    fn write(&self, fields: &mut Fields<'_>) {
        fields.uuid(self.user_id).uuid(self.service_id).time(self.created_at);
    }
}

impl Row for &Booking {
    const TABLE: &'static str = "bookings";
    #[rustfmt::skip]
    const COLUMNS: &'static [&'static str] = &[
        "id", "reference", "customer_id", "provider_id", "service_id", "state", "list_position", "timezone",
        "starts_at", "ends_at", "respond_by", "service_title", "service_price_minor", "credits_required", "currency",
        "duration_minutes", "buffer_before_minutes", "buffer_after_minutes", "cancellation_policy",
        "commission_bps", "books_instantly", "total_minor", "paid_minor", "refund_minor", "payment_method", "payment_type",
        "payment_status", "notes", "address", "cancelled_by", "cancellation_reason", "ics_sequence", "version",
        "created_at", "updated_at",
    ];

    fn write(&self, fields: &mut Fields<'_>) {
        let end = Ending::of(self);
        let changes = i32::try_from(self.history.len()).unwrap_or(1);
        fields
            .uuid(self.id)
            .text(&self.reference)
            .uuid(self.customer_id)
            .uuid(self.provider_id)
            .uuid(self.service_id)
            .text(self.state.name())
            .bigint(list_position(self))
            .text(self.timezone)
            .time(self.starts_at)
            .time(self.ends_at)
            .some(self.respond_by, Fields::time)
            .text(&self.service_title)
            .bigint(self.price_minor)
            .integer(self.credits_required)
            .text(self.currency)
            .integer(self.duration_minutes)
            .integer(self.buffer_before_minutes)
            .integer(self.buffer_after_minutes)
            .text(self.cancellation_policy)
            .integer(COMMISSION_BPS)
            .bool(self.books_instantly)
            .bigint(self.price_minor)
            .bigint(if self.state == State::Completed { self.price_minor } else { 0 })
            // Cash was never taken before the work, so nothing goes back.
            .some(end.is_off.then_some(0), Fields::bigint)
            .text("cash")
            .text("immediate")
            .text(if self.state == State::Completed { "paid" } else { "unpaid" })
            .text(&self.notes)
            .jsonb(&self.address)
            .some(end.cancelled_by.map(Actor::name), Fields::text)
            .some(end.reason, Fields::text)
            .integer(i32::from(end.is_off))
            .integer(changes)
            .time(self.created_at)
            .time(self.updated_at());
    }
}

/// How a booking ended that did not take place.
#[derive(Default)]
struct Ending<'a> {
    is_off: bool,
    /// Nobody, where somebody just did not come.
    cancelled_by: Option<Actor>,
    reason: Option<&'a str>,
}

impl<'a> Ending<'a> {
    fn of(booking: &'a Booking) -> Self {
        let last = booking.history.last();
        match booking.state {
            State::Completed => Self::default(),
            state if state.is_open() => Self::default(),
            State::NoShowCustomer | State::NoShowProvider => Self { is_off: true, ..Self::default() },
            _ => Self {
                is_off: true,
                cancelled_by: last.map(|event| event.actor),
                reason: last.and_then(|event| event.reason.as_deref()),
            },
        }
    }
}

/// In one ascending order: what is ahead, soonest first; then what is past, latest first.
pub(crate) fn list_position(booking: &Booking) -> i64 {
    const PAST: i64 = 9_000_000_000_000_000;
    if booking.state.is_open() { booking.starts_at } else { PAST - booking.starts_at }
}

pub(crate) struct HistoryRow<'a>(pub(crate) &'a Booking, pub(crate) &'a Event);

impl Row for HistoryRow<'_> {
    const TABLE: &'static str = "booking_history";
    const COLUMNS: &'static [&'static str] =
        &["booking_id", "at", "event", "from_state", "to_state", "actor", "actor_id", "reason"];

    fn write(&self, fields: &mut Fields<'_>) {
        let Self(booking, event) = self;
        let actor_id = match event.actor {
            Actor::Customer => Some(booking.customer_id),
            Actor::Provider => Some(booking.provider_id),
            Actor::System => None,
        };
        fields
            .uuid(booking.id)
            .time(event.at)
            .text(event.name)
            .some(event.from.map(State::name), Fields::text)
            .text(event.to.name())
            .text(event.actor.name())
            .some(actor_id, Fields::uuid)
            .some(event.reason.as_deref(), Fields::text);
    }
}

/// The time that an open booking holds.
pub(crate) struct ReservationRow<'a>(pub(crate) &'a Booking);

impl Row for ReservationRow<'_> {
    const TABLE: &'static str = "reservations";
    const COLUMNS: &'static [&'static str] =
        &["provider_id", "booking_id", "purpose", "starts_at", "ends_at", "blocked"];

    fn write(&self, fields: &mut Fields<'_>) {
        let Self(booking) = self;
        fields
            .uuid(booking.provider_id)
            .uuid(booking.id)
            .text("booking")
            .time(booking.starts_at)
            .time(booking.ends_at)
            .time_range(&booking.blocked());
    }
}
