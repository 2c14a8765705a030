-- What people are told: each message once, how it is brought to them, and what they wish to hear.
create table notifications (
    id         uuid        primary key,
    user_id    uuid        not null references users on delete cascade,
    category   text        not null check (category in ('booking', 'payment', 'review', 'message', 'system', 'marketing')),
    priority   text        not null check (priority in ('normal', 'critical')),
    -- The words stand in locales/; what goes into them is kept, and rendered when somebody reads it.
    template   text        not null,
    args       jsonb       not null,
    -- What it tells of.
    source     text        not null,
    -- Messages of one burst (a conversation) are one notification until it is read; these are theirs.
    burst      text,
    seqs       bigint[]    not null default '{}',
    entity_id  uuid,
    -- Whether it stands in the list of the app: not where it is muted there, or was removed.
    in_feed    boolean     not null,
    read_at    timestamptz,
    created_at timestamptz not null,
    -- However often an event is delivered, it makes one.
    constraint notifications_once unique (source, user_id, category)
);
create index notifications_feed on notifications (user_id, id desc) where in_feed;
create index notifications_unread on notifications (user_id, id desc) where in_feed and read_at is null;
create unique index notifications_burst on notifications (user_id, burst) where read_at is null and burst is not null;
create index notifications_age on notifications (created_at);

create table notification_deliveries (
    id              uuid        primary key,
    notification_id uuid        not null references notifications on delete cascade,
    user_id         uuid        not null references users on delete cascade,
    channel         text        not null check (channel in ('push', 'email', 'sms')),
    state           text        not null check (state in ('pending', 'held', 'sent', 'failed', 'dead', 'suppressed')),
    attempts        smallint    not null default 0,
    -- How many held ones this one stands for.
    gathers         integer     not null default 1 check (gathers > 0),
    -- The devices that have it, so that another try does not bring it to them again.
    reached         uuid[]      not null default '{}',
    -- What the service said, or why it was not asked.
    reply           text,
    due_at          timestamptz not null,
    -- Somebody is sending it.
    claimed_until   timestamptz,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    constraint notification_deliveries_once unique (notification_id, channel)
);
create index notification_deliveries_user on notification_deliveries (user_id, id desc);
create index notification_deliveries_held on notification_deliveries (user_id, id) where state = 'held';
create index notification_deliveries_sms on notification_deliveries (user_id, updated_at)
    where channel = 'sms' and state = 'sent';

create table notification_preferences (
    user_id              uuid        primary key references users on delete cascade,
    -- {"booking": {"in_app": true, "push": true, "email": true, "sms": false}, …}
    choices              jsonb       not null,
    -- {"timezone": "Europe/Berlin", "weekly": [{"weekday": 1, "start": "22:00:00", "end": "07:00:00"}]}
    quiet_hours          jsonb,
    -- When offers were agreed to; null where they are not.
    marketing_consent_at timestamptz,
    updated_at           timestamptz not null
);

-- Numbers that want no SMS any more.
create table sms_stops (
    phone_number text        primary key,
    created_at   timestamptz not null
);

create table notification_devices (
    id           uuid        primary key,
    user_id      uuid        not null references users on delete cascade,
    -- A device belongs to whoever signed in on it last.
    token        text        not null unique,
    platform     text        not null check (platform in ('android', 'ios', 'web')),
    device_name  text,
    locale       text,
    app_version  text,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null
);
create index notification_devices_user on notification_devices (user_id, last_seen_at desc);
create index notification_devices_age on notification_devices (last_seen_at);

-- Around these, somebody wants to hear of new services.
create table notification_areas (
    id           uuid             primary key,
    user_id      uuid             not null references users on delete cascade,
    -- At most three a person.
    place        smallint         not null check (place between 1 and 3),
    name         text             not null,
    latitude     double precision not null check (latitude between -90 and 90),
    longitude    double precision not null check (longitude between -180 and 180),
    radius_km    integer          not null check (radius_km between 1 and 50),
    category_id  uuid             references categories on delete cascade,
    position     cube             not null generated always as (search_position(latitude, longitude)) stored,
    consented_at timestamptz      not null,
    constraint notification_areas_most unique (user_id, place)
);
create index notification_areas_position on notification_areas using gist (position);
create index notification_areas_category on notification_areas (category_id);

-- What staff send to many.
create table notification_campaigns (
    id         uuid        primary key,
    created_by uuid        not null references users,
    template   text        not null,
    user_ids   uuid[],
    segment    text,
    -- {"title": {"en": "…"}, "message": {"en": "…", "de": "…"}}
    words      jsonb       not null,
    channels   text[]      not null,
    send_at    timestamptz not null,
    recipients bigint      not null,
    created_at timestamptz not null,
    check ((user_ids is null) <> (segment is null))
);
create index notification_campaigns_author on notification_campaigns (created_by, created_at);
