-- Addresses that mail does not reach, and those whose owners called it spam.
create table mail_stops (
    -- In small letters.
    address    text        not null,
    reason     text        not null check (reason in ('bounced', 'unwanted')),
    -- A mailbox may come back: then it is tried again.
    until      timestamptz not null,
    created_at timestamptz not null,
    primary key (address, reason)
);

-- A push that was read elsewhere is taken back.
alter table notification_deliveries drop constraint notification_deliveries_state_check;
alter table notification_deliveries add constraint notification_deliveries_state_check
    check (state in ('pending', 'held', 'sent', 'failed', 'dead', 'suppressed', 'retracted'));
