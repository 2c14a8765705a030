-- What a customer pays is made of: the service, less a promotion, and our fee on top; and tips, which are payments of
-- their own.

-- A promotion, paid for by us or by a provider.
create table promo_codes (
    id            uuid        primary key,
    code          text        not null unique check (code ~ '^[A-Z0-9]{4,24}$'),
    -- Who pays for it, for their own services; null: we do, for all.
    provider_id   uuid        references providers (user_id),
    -- Whose friends use it; they are thanked when a friend's first booking is done.
    referrer_id   uuid        unique references users,
    currency      text        not null check (currency ~ '^[A-Z]{3}$'),
    -- A share of the price in hundredths of a percent, or an amount.
    percent_bps   integer     check (percent_bps between 1 and 10000),
    amount_minor  bigint      check (amount_minor > 0),
    -- No more than this.
    at_most_minor bigint      check (at_most_minor > 0),
    -- Only for prices from here on.
    from_minor    bigint      not null default 0 check (from_minor >= 0),
    -- Only for who has never paid anything.
    is_for_new    boolean     not null default false,
    -- What all uses may cost together, and have.
    budget_minor  bigint      check (budget_minor > 0),
    used_minor    bigint      not null default 0 check (used_minor >= 0),
    starts_at     timestamptz not null,
    ends_at       timestamptz,
    created_by    uuid        not null references users,
    created_at    timestamptz not null,
    check ((percent_bps is null) <> (amount_minor is null)),
    check (provider_id is null or referrer_id is null),
    constraint promo_codes_budget check (used_minor <= budget_minor)
);
create index promo_codes_provider on promo_codes (provider_id, id desc);

alter table payments
    -- How much of the amount is our fee, and whether it goes back when the customer cancels.
    add column fee_minor         bigint  not null default 0 check (fee_minor >= 0),
    add column fee_is_refundable boolean not null default true,
    -- How much less it is because of a promotion, and how much of that we pay to the provider.
    add column promo_id          uuid    references promo_codes,
    add column discount_minor    bigint  not null default 0 check (discount_minor >= 0),
    add column subsidy_minor     bigint  not null default 0 check (subsidy_minor between 0 and discount_minor),
    add column is_tip            boolean not null default false,
    -- How much of what was taken has become the provider's and ours.
    add column earned_minor      bigint  not null default 0 check (earned_minor >= 0);
update payments p set earned_minor = e.gross_minor - e.reversed_minor
  from earnings e where e.booking_id = p.booking_id and p.closed_at is not null and p.captured_minor > 0;

drop index payments_one_live;
create unique index payments_one_live on payments (booking_id) where state not in ('failed', 'cancelled') and not is_tip;
-- A tip that is sent twice at once is one.
create unique index payments_one_tip on payments (booking_id) where state in ('processing', 'requires_action') and is_tip;

-- Who used a promotion for what: everybody once, unless the payment came to nothing.
create table promo_uses (
    payment_id     uuid        primary key references payments,
    promo_id       uuid        not null references promo_codes,
    user_id        uuid        not null references users,
    discount_minor bigint      not null check (discount_minor > 0),
    is_released    boolean     not null default false,
    created_at     timestamptz not null
);
create unique index promo_uses_once on promo_uses (promo_id, user_id) where not is_released;
create index promo_uses_user on promo_uses (user_id);

-- How much of what was paid stays with us when the customer cancels.
alter table bookings add column retained_minor bigint not null default 0 check (retained_minor >= 0);
-- With our fee more is paid than the service costs.
alter table bookings
    drop constraint bookings_check,
    drop constraint bookings_check3,
    add constraint bookings_paid_minor check (paid_minor >= 0),
    add constraint bookings_refund_minor check (refund_minor >= 0);
