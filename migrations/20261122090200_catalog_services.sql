-- What is offered: categories, providers, services and their pictures.
create table categories (
    id             uuid     primary key,
    slug           text     not null unique,
    parent_id      uuid     references categories,
    position       integer  not null,
    icon           text     not null,
    color          text     not null check (color ~ '^#[0-9A-F]{6}$'),
    -- {"en": "…", "de": "…", "it": "…"}
    name           jsonb    not null check (name ? 'en'),
    description    jsonb    not null check (description ? 'en'),
    is_active      boolean  not null default true,
    -- Active services in this very category, kept in step by services_count_by_category.
    services_count integer  not null default 0
);

create table providers (
    user_id               uuid        primary key references users,
    account_type          text        not null check (account_type in ('individual', 'business', 'company')),
    business_name         text,
    description           text        not null default '',
    skills                uuid[]      not null default '{}',
    languages             text[]      not null default '{}',
    is_verified           boolean     not null default false,
    is_available          boolean     not null default true,
    -- Where the provider starts from, and how far they go.
    latitude              double precision check (latitude between -90 and 90),
    longitude             double precision check (longitude between -180 and 180),
    city                  text,
    service_radius_km     integer     not null default 25 check (service_radius_km between 1 and 200),
    rating_sum            integer     not null default 0,
    rating_count          integer     not null default 0,
    jobs_completed        integer     not null default 0,
    jobs_cancelled        integer     not null default 0,
    requests_received     integer     not null default 0,
    requests_answered     integer     not null default 0,
    response_minutes_sum  bigint      not null default 0,
    total_earnings_minor  bigint      not null default 0,
    currency              text        not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
    version               integer     not null default 1,
    created_at            timestamptz not null,
    updated_at            timestamptz not null
);

create table services (
    id                    uuid        primary key,
    provider_id           uuid        not null references providers,
    category_id           uuid        not null references categories,
    -- The language that title and description are written in.
    language              text        not null check (language in ('en', 'de', 'it')),
    title                 text        not null,
    description           text        not null,
    -- {"de": {"title": "…", "description": "…"}}
    translations          jsonb       not null default '{}',
    price_minor           bigint      not null check (price_minor >= 0),
    currency              text        not null check (currency ~ '^[A-Z]{3}$'),
    credits_required      integer     not null default 0 check (credits_required >= 0),
    duration_minutes      integer     not null check (duration_minutes between 5 and 1440),
    cancellation_policy   text        not null default 'flexible'
                                      check (cancellation_policy in ('flexible', 'moderate', 'strict')),
    latitude              double precision check (latitude between -90 and 90),
    longitude             double precision check (longitude between -180 and 180),
    city                  text,
    service_radius_km     integer     not null check (service_radius_km between 1 and 200),
    -- Where null, the provider's schedule says.
    buffer_before_minutes integer     check (buffer_before_minutes between 0 and 1440),
    buffer_after_minutes  integer     check (buffer_after_minutes between 0 and 1440),
    min_notice_minutes    integer     check (min_notice_minutes between 0 and 43200),
    max_advance_days      integer     check (max_advance_days between 1 and 730),
    is_active             boolean     not null default true,
    withdrawn_at          timestamptz,
    rating_sum            integer     not null default 0,
    rating_count          integer     not null default 0,
    -- Recent completed bookings and a Bayesian rating in one number; recomputed by a job.
    popularity            real        not null default 0,
    version               integer     not null default 1,
    created_at            timestamptz not null,
    updated_at            timestamptz not null,
    check ((latitude is null) = (longitude is null)),
    check (not is_active or withdrawn_at is null)
);
create index services_provider on services (provider_id, id desc);

create table service_images (
    id         uuid        primary key,
    service_id uuid        not null references services on delete cascade,
    position   integer     not null,
    is_primary boolean     not null,
    -- Name in the storage; the three sizes are <storage_key>/{large,medium,thumbnail}.webp
    storage_key text       not null,
    width      integer     not null,
    height     integer     not null,
    blurhash   text        not null,
    alt_text   text        not null default '',
    created_at timestamptz not null,
    constraint service_images_order unique (service_id, position) deferrable initially deferred
);
create unique index service_images_one_primary on service_images (service_id) where is_primary;

create table favourites (
    user_id    uuid        not null references users on delete cascade,
    service_id uuid        not null references services on delete cascade,
    created_at timestamptz not null,
    primary key (user_id, service_id)
);
create index favourites_newest on favourites (user_id, created_at desc, service_id desc);
