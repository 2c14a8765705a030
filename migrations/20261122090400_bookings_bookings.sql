-- Agreeing on a time: bookings, their history, open proposals to move them.
create table bookings (
    id                    uuid        primary key,
    reference             text        not null unique,
    customer_id           uuid        not null references users,
    provider_id           uuid        not null references providers (user_id),
    service_id            uuid        not null references services,
    -- What the app calls sub_status; the app's status follows from it (bookings/src/model.rs).
    state                 text        not null check (state in
                          ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress', 'completed', 'disputed',
                           'declined', 'request_expired', 'payment_expired', 'withdrawn',
                           'cancelled_by_customer', 'cancelled_by_provider', 'cancelled_by_operator', 'cancelled_by_system',
                           'no_show_customer', 'no_show_provider')),
    -- Orders lists: what is ahead by its start, what is past the other way round (bookings/src/model.rs).
    list_position         bigint      not null,
    timezone              text        not null,
    starts_at             timestamptz not null,
    ends_at               timestamptz not null,
    respond_by            timestamptz,
    -- Copied from the service at creation; later edits of it change nothing here.
    service_title         text        not null,
    service_price_minor   bigint      not null check (service_price_minor >= 0),
    credits_required      integer     not null,
    currency              text        not null check (currency ~ '^[A-Z]{3}$'),
    duration_minutes      integer     not null,
    buffer_before_minutes integer     not null,
    buffer_after_minutes  integer     not null,
    cancellation_policy   text        not null check (cancellation_policy in ('flexible', 'moderate', 'strict')),
    commission_bps        integer     not null check (commission_bps between 0 and 10000),
    books_instantly       boolean     not null,
    total_minor           bigint      not null check (total_minor >= 0),
    refund_minor          bigint      check (refund_minor between 0 and total_minor),
    payment_method        text        not null check (payment_method in ('card', 'paypal', 'credits', 'cash')),
    payment_type          text        not null check (payment_type in ('immediate', 'later', 'installment', 'credits')),
    payment_status        text        not null check (payment_status in
                          ('unpaid', 'scheduled', 'partially_paid', 'paid', 'partially_refunded', 'refunded', 'failed')),
    notes                 text        not null default '',
    -- {"street_address", "city", "state", "postal_code", "country", "latitude", "longitude"}
    address               jsonb,
    cancelled_by          text        check (cancelled_by in ('customer', 'provider', 'operator', 'system')),
    cancellation_reason   text,
    ics_sequence          integer     not null default 0,
    version               integer     not null default 1,
    created_at            timestamptz not null,
    updated_at            timestamptz not null,
    completed_at          timestamptz,
    check (starts_at < ends_at),
    check (customer_id <> provider_id)
);
create index bookings_customer on bookings (customer_id, list_position, id);
create index bookings_provider on bookings (provider_id, list_position, id);
create index bookings_service_open on bookings (service_id)
    where state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress');

create table booking_history (
    id         bigint      generated always as identity primary key,
    booking_id uuid        not null references bookings,
    at         timestamptz not null,
    event      text        not null,
    from_state text,
    to_state   text        not null,
    actor      text        not null check (actor in ('customer', 'provider', 'operator', 'system')),
    actor_id   uuid,
    reason     text
);
create index booking_history_booking on booking_history (booking_id, id);

-- A proposal to move a booking; while it is open, both spans are held in reservations.
create table reschedule_proposals (
    id          uuid        primary key,
    booking_id  uuid        not null references bookings,
    proposed_by text        not null check (proposed_by in ('customer', 'provider')),
    starts_at   timestamptz not null,
    ends_at     timestamptz not null,
    reason      text,
    state       text        not null check (state in ('open', 'accepted', 'declined', 'withdrawn', 'expired')),
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    answered_at timestamptz
);
create unique index reschedule_proposals_one_open on reschedule_proposals (booking_id) where state = 'open';
