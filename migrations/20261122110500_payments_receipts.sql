-- Receipts and credit notes: numbered without gaps, one for each payment and each refund, and never changed.

-- The last number of each legal entity; its row's lock makes one number follow the other.
create table receipt_numbers (
    entity text   primary key,
    last   bigint not null
);

create table receipts (
    id         uuid        primary key,
    entity     text        not null references receipt_numbers,
    number     bigint      not null,
    payment_id uuid        not null references payments,
    -- Null: the receipt itself; else a credit note for this.
    refund_id  uuid        references refunds,
    -- What it says, as it was then.
    content    jsonb       not null,
    issued_at  timestamptz not null,
    constraint receipts_number unique (entity, number),
    constraint receipts_refund unique (refund_id)
);
create unique index receipts_payment on receipts (payment_id) where refund_id is null;
create index receipts_of_payment on receipts (payment_id);

create function receipts_refuse() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = 'receipts are written once';
end $$;
create trigger receipts_once before update or delete on receipts for each row execute function receipts_refuse();
create trigger receipts_kept before truncate on receipts execute function receipts_refuse();
