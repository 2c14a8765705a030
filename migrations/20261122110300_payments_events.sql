-- What gateways tell us by themselves, and payers who want their money back through their bank.

-- Each message once, however often it comes. It only says what to ask about.
create table payment_events (
    gateway     text        not null check (gateway in ('sandbox', 'stripe', 'paypal')),
    id          text        not null,
    subject     text        not null,
    operation   uuid,
    reference   text        not null,
    happened_at timestamptz not null,
    received_at timestamptz not null,
    heard_at    timestamptz,
    primary key (gateway, id)
);

create table payment_disputes (
    -- Ours: the books know it by this.
    id              uuid        not null unique,
    gateway         text        not null,
    reference       text        not null,
    payment_id      uuid        not null references payments,
    -- What the gateway took back.
    amount_minor    bigint      not null check (amount_minor > 0),
    -- How much of it had not gone back already; the rest is our loss.
    disputed_minor  bigint      not null check (disputed_minor between 0 and amount_minor),
    -- Whether the money was still held for the booking then.
    is_from_escrow  boolean     not null,
    state           text        not null check (state in ('open', 'won', 'lost')),
    respond_by      timestamptz,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    primary key (gateway, reference)
);
create index payment_disputes_payment on payment_disputes (payment_id);
