-- What every feature stands on: extensions, the outbox, request keys, signing keys.
create extension if not exists btree_gist;
create extension if not exists cube;
create extension if not exists pg_trgm;
create extension if not exists unaccent;

-- Events, written in the transaction that made them true. The relay turns a row into jobs and
-- deletes it in one transaction, so the table stays small and nothing is lost or relayed twice.
create table outbox (
    id         bigint      generated always as identity primary key,
    topic      text        not null,
    -- The thing that the event is about; events of one thing are handled in order.
    subject    uuid        not null,
    payload    jsonb       not null,
    created_at timestamptz not null
);

-- The first answer to a request that carried an Idempotency-Key, kept in the transaction of its effect.
create table idempotency_keys (
    user_id     uuid        not null,
    method      text        not null,
    path        text        not null,
    key         text        not null,
    fingerprint bytea       not null,
    status      smallint    not null,
    headers     jsonb       not null,
    sealed_body bytea       not null,
    created_at  timestamptz not null,
    primary key (user_id, method, path, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- Keys that sign access tokens. The private half is sealed with a key derived from the server's secret.
create table signing_keys (
    kid        text        primary key,
    sealed     bytea       not null,
    public_key bytea       not null,
    created_at timestamptz not null,
    retired_at timestamptz
);

-- Work for later. A runner claims a due row by moving run_at past its lease, works, and deletes it;
-- a runner that dies loses its lease, and another takes over. dead_at: given up, for a person to look at.
create table jobs (
    id         bigint      generated always as identity primary key,
    kind       text        not null,
    payload    jsonb       not null,
    -- A job with a key replaces the waiting one with the same key (a reminder that moves).
    key        text        unique,
    run_at     timestamptz not null,
    attempts   smallint    not null default 0,
    last_error text,
    dead_at    timestamptz,
    created_at timestamptz not null
);
create index jobs_due on jobs (run_at) where dead_at is null;

-- When each recurring job was last put into the queue, so that several nodes put it there once.
create table cron_runs (
    name   text        primary key,
    ran_at timestamptz not null
);
