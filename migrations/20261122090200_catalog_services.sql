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
    -- Active services in this very category, kept in step by the trigger services_count_by_category.
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
    -- What service_images says of this service, in order, so that a list needs no second table;
    -- kept in step by the triggers service_images_beside_service_*.
    images                jsonb       not null default '[]',
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

-- Whether a service counts, and where, before and after a change. Categories are locked in order, so that
-- two services that change places do not wait for each other.
create function count_services_by_category() returns trigger language plpgsql as $$
declare
    left_category    uuid := case when tg_op <> 'INSERT' and old.is_active then old.category_id end;
    entered_category uuid := case when tg_op <> 'DELETE' and new.is_active then new.category_id end;
begin
    if left_category is distinct from entered_category then
        perform from categories where id in (left_category, entered_category) order by id for no key update;
        update categories set services_count = services_count - 1 where id = left_category;
        update categories set services_count = services_count + 1 where id = entered_category;
    end if;
    return null;
end $$;
create trigger services_count_by_category after insert or delete or update of category_id, is_active on services
    for each row execute function count_services_by_category();

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

create function copy_images_beside_service() returns trigger language plpgsql as $$
begin
    update services s
       set images = coalesce((
               select jsonb_agg(jsonb_build_object('id', i.id, 'storage_key', i.storage_key, 'width', i.width,
                                                   'height', i.height, 'blurhash', i.blurhash, 'alt_text', i.alt_text,
                                                   'is_primary', i.is_primary, 'position', i.position)
                                order by i.position)
                 from service_images i where i.service_id = s.id), '[]')
     where s.id in (select service_id from changed);
    return null;
end $$;
create trigger service_images_beside_service_insert after insert on service_images
    referencing new table as changed for each statement execute function copy_images_beside_service();
create trigger service_images_beside_service_update after update on service_images
    referencing new table as changed for each statement execute function copy_images_beside_service();
create trigger service_images_beside_service_delete after delete on service_images
    referencing old table as changed for each statement execute function copy_images_beside_service();

create table favourites (
    user_id    uuid        not null references users on delete cascade,
    service_id uuid        not null references services on delete cascade,
    created_at timestamptz not null,
    primary key (user_id, service_id)
);
create index favourites_newest on favourites (user_id, created_at desc, service_id desc);
