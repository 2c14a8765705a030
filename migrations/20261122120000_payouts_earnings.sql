-- What providers earn, where it goes, and what we keep of it.

-- Our share. The most specific rule that stood when a job was booked counts; without one, what the booking says.
create table commission_rules (
    id            bigint      generated always as identity primary key,
    -- For everything below this category; null: for all.
    category_id   uuid        references categories,
    -- For this provider; null: for all.
    provider_id   uuid        references providers (user_id),
    -- For prices in this currency; null: in any, and then the share is all there is.
    currency      text        check (currency ~ '^[A-Z]{3}$'),
    bps           integer     not null check (bps between 0 and 10000),
    fixed_minor   bigint      not null default 0 check (fixed_minor >= 0),
    minimum_minor bigint      not null default 0 check (minimum_minor >= 0),
    created_at    timestamptz not null,
    -- A rule is not changed: it ends, and another one begins.
    ended_at      timestamptz,
    check (currency is not null or fixed_minor = 0 and minimum_minor = 0),
    check (created_at < ended_at)
);
create index commission_rules_provider on commission_rules (provider_id, category_id);

-- One row a booking that earned its provider something.
create table earnings (
    booking_id           uuid        primary key,
    provider_id          uuid        not null references providers (user_id),
    -- Copied; later edits of the service change nothing here.
    service_title        text        not null,
    -- Whether the customer paid the provider on site, so that only our share moves here.
    is_cash              boolean     not null,
    currency             text        not null check (currency ~ '^[A-Z]{3}$'),
    gross_minor          bigint      not null check (gross_minor >= 0),
    -- Our share as it was reckoned, and the tax in it.
    commission_bps       integer     not null check (commission_bps between 0 and 10000),
    fees_minor           bigint      not null check (fees_minor between 0 and gross_minor),
    tax_minor            bigint      not null check (tax_minor between 0 and fees_minor),
    tax_country          text        check (tax_country ~ '^[A-Z]{2}$'),
    -- How much of the gross went back to the customer since.
    reversed_minor       bigint      not null default 0 check (reversed_minor between 0 and gross_minor),
    -- How much of our share, and of the tax, went with it.
    reversed_fees_minor  bigint      not null default 0 check (reversed_fees_minor between 0 and fees_minor),
    reversed_tax_minor   bigint      not null default 0 check (reversed_tax_minor between 0 and tax_minor),
    -- How much of it is on the ledger's pending account of the provider.
    pending_minor        bigint      not null check (pending_minor between 0 and gross_minor - fees_minor),
    state                text        not null check (state in ('pending', 'held', 'released', 'reversed')),
    earned_at            timestamptz not null,
    release_at           timestamptz not null,
    check (tax_minor = 0 or tax_country is not null),
    constraint earnings_pending check (pending_minor = 0 or state in ('pending', 'held'))
);
create index earnings_provider on earnings (provider_id, currency, earned_at);

-- What went back to a customer after it was earned: a refund, a lost dispute. Written once.
create table earning_reversals (
    -- That of the refund or the dispute.
    id          uuid        primary key,
    booking_id  uuid        not null references earnings,
    provider_id uuid        not null,
    currency    text        not null,
    gross_minor bigint      not null check (gross_minor > 0),
    fees_minor  bigint      not null check (fees_minor between 0 and gross_minor),
    reversed_at timestamptz not null
);
create index earning_reversals_provider on earning_reversals (provider_id, currency, reversed_at);
create index earning_reversals_booking on earning_reversals (booking_id);

-- Where a provider is paid. Numbers of banks are the gateway's secret.
create table payout_accounts (
    provider_id  uuid        primary key references providers (user_id),
    gateway      text        not null check (gateway in ('sandbox', 'stripe', 'paypal')),
    -- The gateway's name for it.
    reference    text        not null,
    status       text        not null check (status in ('pending', 'active', 'restricted', 'rejected')),
    -- What the gateway still wants to know, in its words.
    requirements text[]      not null,
    country      text        not null check (country ~ '^[A-Z]{2}$'),
    email        text        not null,
    -- How often everything available is paid out by itself, and when next.
    schedule     text        not null check (schedule in ('none', 'weekly', 'monthly')),
    next_at      timestamptz,
    version      integer     not null default 1,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    check ((schedule = 'none') = (next_at is null))
);
create index payout_accounts_due on payout_accounts (next_at) where next_at is not null;
create index payout_accounts_reference on payout_accounts (reference);

-- A withdrawal is also the operation at the gateway: its id is stored before the first call, and is the key of it.
create table withdrawals (
    id           uuid        primary key,
    provider_id  uuid        not null references providers (user_id),
    currency     text        not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint      not null check (amount_minor > 0),
    gateway      text        not null check (gateway in ('sandbox', 'stripe', 'paypal')),
    -- The account as it was then.
    account      text        not null,
    is_scheduled boolean     not null,
    state        text        not null check (state in ('requested', 'processing', 'paid', 'failed')),
    -- The gateway's name for it.
    reference    text,
    failure_code text,
    -- How often the gateway was asked without a final answer.
    asked        integer     not null default 0,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    paid_at      timestamptz,
    check (state <> 'paid' or paid_at is not null),
    check ((state = 'failed') = (failure_code is not null))
);
create index withdrawals_provider on withdrawals (provider_id, id);
create index withdrawals_reference on withdrawals (reference);
-- One at a time: so a request that is sent twice is harmless.
create unique index withdrawals_one_open on withdrawals (provider_id, currency)
    where state in ('requested', 'processing');

-- Whoever moves the money of a provider waits here for the others, until the end of the transaction: what is decided
-- by looking at a balance stays true until it is posted.
create function lock_purse(provider uuid) returns boolean language sql volatile as $$
    select pg_advisory_xact_lock(hashtextextended('purse ' || provider, 0))::text = ''
$$;
