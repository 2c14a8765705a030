-- Who somebody is: people, their sessions, their other ways in, their one-time codes.
create table users (
    id                uuid        primary key,
    email             text        not null,
    name              text        not null,
    -- Where the person gave first and last name apart; else the last word of the name is taken for it.
    last_name         text,
    phone_number      text,
    profile_image     text,
    is_email_verified boolean     not null default false,
    is_phone_verified boolean     not null default false,
    language          text        not null default 'en' check (language in ('en', 'de', 'it')),
    timezone          text        not null default 'Europe/Berlin',
    currency          text        not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
    is_provider       boolean     not null default false,
    staff_role        text        check (staff_role in ('support', 'moderator', 'finance', 'superuser')),
    state             text        not null default 'active'
                                  check (state in ('active', 'suspended', 'banned', 'deletion_pending', 'deleted')),
    deletion_due_at   timestamptz,
    password_hash     text,
    version           integer     not null default 1,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    last_login_at     timestamptz
);
create unique index users_email on users (lower(email));
-- A verified number belongs to one account.
create unique index users_verified_phone on users (phone_number) where is_phone_verified;
create index users_deletion_due on users (deletion_due_at) where state = 'deletion_pending';

create table sessions (
    id           uuid        primary key,
    user_id      uuid        not null references users on delete cascade,
    device_name  text,
    ip           text,
    user_agent   text,
    created_at   timestamptz not null,
    last_used_at timestamptz not null,
    expires_at   timestamptz not null,
    ended_at     timestamptz,
    ended_reason text
);
create index sessions_user on sessions (user_id, id desc);
create index sessions_expires on sessions (expires_at);

-- One row a token of a session's chain; only the newest is unused.
create table refresh_tokens (
    token_hash bytea       primary key,
    session_id uuid        not null references sessions on delete cascade,
    created_at timestamptz not null,
    used_at    timestamptz
);
create index refresh_tokens_session on refresh_tokens (session_id);

create table social_identities (
    issuer     text        not null,
    subject    text        not null,
    user_id    uuid        not null references users on delete cascade,
    email      text,
    created_at timestamptz not null,
    primary key (issuer, subject)
);
create index social_identities_user on social_identities (user_id);

-- Codes and links that prove who reads a mailbox or holds a phone, and that reset a password.
-- Only keyed hashes are kept. The rows of the last day also are the memory of how much was sent where.
create table one_time_codes (
    id         uuid        primary key,
    user_id    uuid        not null references users on delete cascade,
    purpose    text        not null check (purpose in ('verify_email', 'verify_phone', 'reset_password')),
    -- The address or number that it was sent to: that, and nothing else, is proved by it.
    target     text        not null,
    -- Who asked for it.
    ip         text        not null,
    code_hash  bytea,
    link_hash  bytea,
    tries      smallint    not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    check (code_hash is not null or link_hash is not null)
);
create unique index one_time_codes_link on one_time_codes (link_hash);
create index one_time_codes_user on one_time_codes (user_id, purpose, id desc);
create index one_time_codes_target on one_time_codes (target, created_at);
create index one_time_codes_ip on one_time_codes (ip, created_at);
create index one_time_codes_age on one_time_codes (created_at);

-- Failed tries by account, by device and by address (keyed hashes), for growing delays.
create table throttles (
    bucket        bytea       primary key,
    failures      integer     not null,
    blocked_until timestamptz not null,
    -- Without another failure, all is forgotten then.
    expires_at    timestamptz not null
);
create index throttles_expires on throttles (expires_at);

-- People who want nothing to do with each other: no bookings, later no messages.
create table user_blocks (
    blocker_id uuid        not null references users on delete cascade,
    blocked_id uuid        not null references users on delete cascade,
    created_at timestamptz not null,
    primary key (blocker_id, blocked_id)
);
