-- What a provider says of their taxes; receipts for their work say it, too.
create table provider_taxes (
    provider_id       uuid        primary key references providers (user_id),
    -- As it is printed: "VAT ID DE123456789".
    tax_id            text,
    -- The tax that their prices contain, in hundredths of a percent.
    rate_bps          integer     not null check (rate_bps between 0 and 3000),
    -- Exempt because they are small; their receipts have to say so.
    is_small_business boolean     not null,
    updated_at        timestamptz not null,
    check (not is_small_business or rate_bps = 0)
);
