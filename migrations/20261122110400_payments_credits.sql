-- Credits: packages, lots that expire, what was spent of them, and a balance for each person. A credit is worth one
-- euro; what is on a lot stands in the ledger. A payment without a booking buys credits.

create table credit_packages (
    id            uuid    primary key,
    name          jsonb   not null check (name ? 'en'),
    credits_minor bigint  not null check (credits_minor > 0),
    -- What we give on top.
    bonus_minor   bigint  not null check (bonus_minor >= 0),
    price_minor   bigint  not null check (price_minor > 0 and price_minor = credits_minor),
    valid_days    integer not null check (valid_days > 0),
    position      integer not null,
    is_active     boolean not null default true
);
insert into credit_packages (id, name, credits_minor, bonus_minor, price_minor, valid_days, position) values
    ('019cad9a-7000-7000-8000-00000000c001', '{"en": "Small", "de": "Klein", "it": "Piccolo"}', 2500, 0, 2500, 1095, 1),
    ('019cad9a-7000-7000-8000-00000000c002', '{"en": "Medium", "de": "Mittel", "it": "Medio"}', 10000, 500, 10000, 1095, 2),
    ('019cad9a-7000-7000-8000-00000000c003', '{"en": "Large", "de": "Groß", "it": "Grande"}', 25000, 2500, 25000, 1095, 3);

alter table payments alter column booking_id drop not null;
alter table payments add column package_id uuid references credit_packages;
alter table payments add constraint payments_purpose check ((booking_id is null) = (package_id is not null));

-- A purchase that is sent twice at once is one.
create unique index payments_one_purchase on payments (user_id, package_id)
    where booking_id is null and state = 'processing';

-- What is on all lots of somebody together; the row's lock lets one thing happen after the other.
create table credit_wallets (
    user_id       uuid   primary key references users,
    balance_minor bigint not null constraint credit_wallets_funds check (balance_minor >= 0)
);

-- Credits that were bought or granted together.
create table credit_lots (
    id         uuid        primary key,
    user_id    uuid        not null references credit_wallets,
    payment_id uuid        references payments,
    is_granted boolean     not null,
    expires_at timestamptz not null,
    created_at timestamptz not null
);
create index credit_lots_user on credit_lots (user_id, expires_at);

-- What of a lot a payment took, and what of that it gave back.
create table credit_uses (
    payment_id     uuid   not null references payments,
    lot_id         uuid   not null references credit_lots,
    amount_minor   bigint not null check (amount_minor > 0),
    returned_minor bigint not null default 0 check (returned_minor between 0 and amount_minor),
    primary key (payment_id, lot_id)
);

-- What happened to somebody's credits.
create table credit_transactions (
    id                  uuid        primary key,
    user_id             uuid        not null references credit_wallets,
    kind                text        not null check (kind in ('purchase', 'earned', 'used', 'refund', 'bonus', 'expired')),
    amount_minor        bigint      not null check (amount_minor <> 0),
    description         text        not null,
    booking_id          uuid        references bookings,
    balance_after_minor bigint      not null,
    number              bigint      generated always as identity,
    created_at          timestamptz not null
);
create index credit_transactions_user on credit_transactions (user_id, number desc);
