-- When a provider works, and what already holds their time.
create table schedules (
    provider_id           uuid        primary key references providers (user_id),
    timezone              text        not null,
    -- [{"weekday": 1, "start": "09:00:00", "end": "17:00:00"}]
    weekly                jsonb       not null,
    -- [{"date": "2026-12-24", "is_available": false, "intervals": [], "reason": "…"}]
    exceptions            jsonb       not null,
    min_notice_minutes    integer     not null,
    max_advance_days      integer     not null,
    buffer_before_minutes integer     not null,
    buffer_after_minutes  integer     not null,
    slot_step_minutes     integer     not null,
    auto_accept           boolean     not null,
    version               integer     not null default 1,
    updated_at            timestamptz not null
);

-- One row a span of time that a booking holds; a booking with an open reschedule proposal has two.
-- The row goes when the booking lets go of its time, so the table holds only what is still ahead.
create table reservations (
    provider_id uuid        not null references providers (user_id),
    booking_id  uuid        not null,
    purpose     text        not null check (purpose in ('booking', 'proposal')),
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    -- The span with the buffers around it.
    blocked     tstzrange   not null,
    primary key (booking_id, purpose),
    check (starts_at < ends_at),
    check (blocked @> tstzrange(starts_at, ends_at)),
    -- No two bookings of a provider ever overlap, whatever the code above does.
    constraint reservations_no_overlap exclude using gist
        (provider_id with =, booking_id with <>, blocked with &&)
);

-- Everybody who fits something into a provider's calendar waits here for the others, until the end of the
-- transaction: without it, concurrent inserts could end in a deadlock instead of a conflict.
create function lock_calendar(provider uuid) returns boolean language sql volatile as $$
    select pg_advisory_xact_lock(hashtextextended('calendar ' || provider, 0))::text = ''
$$;
