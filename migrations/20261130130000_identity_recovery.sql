-- What lets an owner recover an account, with nobody else left inside.
alter table users
    -- The next address, which counts once its owner has given the code that went to it.
    add column pending_email     text,
    -- When the present address was proved, where that was not when the account was made.
    add column email_verified_at timestamptz,
    -- When the present number was written or proved, where that was not when the account was made.
    add column phone_set_at      timestamptz;

alter table sessions
    -- Whether a later sign-in that looks like this one comes from a device of the owner. A reset forgets them.
    add column is_trusted        boolean not null default true,
    -- Keyed hash of what the app may show at its next sign-in to be known again.
    add column device_token_hash bytea;

-- Tokens of sign-in services that were used, until they expire: each is good once.
create table used_social_tokens (
    fingerprint bytea       primary key,
    expires_at  timestamptz not null
);
create index used_social_tokens_expires on used_social_tokens (expires_at);
