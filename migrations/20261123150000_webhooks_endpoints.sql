-- Partners are told what happens by messages to addresses that staff enter.
create table webhook_endpoints (
    id                uuid        primary key,
    -- There are at most fifty.
    place             smallint    not null check (place between 1 and 50),
    url               text        not null,
    description       text        not null,
    event_types       text[]      not null check (cardinality(event_types) > 0),
    -- Only what concerns this provider.
    provider_id       uuid        references providers on delete cascade,
    is_active         boolean     not null default true,
    -- Why it was switched off by itself.
    off_reason        text        check (off_reason in ('gone', 'failing')),
    sealed_secret     bytea       not null,
    -- The secret before, which is good beside the new one until then.
    sealed_old_secret bytea,
    old_secret_until  timestamptz,
    -- Nothing has been taken since then.
    failing_since     timestamptz,
    -- Somebody is sending there, or it is left alone for a moment.
    busy_until        timestamptz,
    version           integer     not null default 1,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    constraint webhook_endpoints_most unique (place),
    check ((sealed_old_secret is null) = (old_secret_until is null)),
    check (off_reason is null or not is_active)
);

create table webhook_deliveries (
    id          uuid        primary key,
    endpoint_id uuid        not null references webhook_endpoints on delete cascade,
    -- What it tells of.
    event_id    text        not null,
    event_type  text        not null,
    -- The very bytes of every try.
    body        text        not null,
    state       text        not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
    -- Since it was written, or staff wanted it sent again.
    tries       smallint    not null default 0,
    -- In all.
    attempts    integer     not null default 0,
    due_at      timestamptz not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    -- However often an event is relayed, an endpoint hears of it under one id.
    constraint webhook_deliveries_once unique (endpoint_id, event_id)
);
create index webhook_deliveries_due on webhook_deliveries (endpoint_id, due_at, id) where state = 'pending';
create index webhook_deliveries_endpoint on webhook_deliveries (endpoint_id, id desc);
create index webhook_deliveries_state on webhook_deliveries (state, id desc);
create index webhook_deliveries_age on webhook_deliveries (created_at);

create table webhook_attempts (
    delivery_id uuid        not null references webhook_deliveries on delete cascade,
    number      integer     not null,
    at          timestamptz not null,
    -- What was answered, and how it begins; or why there is no answer.
    status      smallint,
    reply       text,
    error       text,
    primary key (delivery_id, number),
    check ((status is null) = (reply is null)),
    check ((status is null) <> (error is null))
);
