-- A difference is open until the two books agree on it again; while one is, a check of the books fails.
alter table payment_differences
    -- When the gateway moved it, or else we did.
    add column at          timestamptz not null default now(),
    -- How far each says that a charge is; null: as far as the other says.
    add column our_state   text,
    add column their_state text,
    add column resolved_at timestamptz;
update payment_differences set at = found_at;
alter table payment_differences alter column at drop default;
create index payment_differences_open on payment_differences (at) where resolved_at is null;
