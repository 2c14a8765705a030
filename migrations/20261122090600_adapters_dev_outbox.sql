-- Mails and SMS of an installation that has no server for them. Only the newest are kept.
create table dev_outbox (
    id         bigint      generated always as identity primary key,
    channel    text        not null check (channel in ('mail', 'sms')),
    recipient  text        not null,
    -- Mails only.
    subject    text,
    text       text        not null,
    html       text,
    created_at timestamptz not null
);
