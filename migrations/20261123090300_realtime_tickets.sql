-- Tickets for the socket: used once, within half a minute. Only their hashes are kept.
create table ws_tickets (
    hash             bytea       primary key,
    user_id          uuid        not null references users on delete cascade,
    session_id       uuid        not null,
    -- When the access token ends that it was got with.
    token_expires_at timestamptz not null,
    expires_at       timestamptz not null
);
create index ws_tickets_expires_at on ws_tickets (expires_at);
