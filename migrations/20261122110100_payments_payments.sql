-- Paying: payments, what gateways were asked to do for them, and refunds.

-- A payment of a booking. Amounts are counted here under the row's lock, and by the ledger.
create table payments (
    id             uuid        primary key,
    booking_id     uuid        not null references bookings,
    user_id        uuid        not null references users,
    amount_minor   bigint      not null check (amount_minor > 0),
    currency       text        not null check (currency ~ '^[A-Z]{3}$'),
    payment_method text        not null check (payment_method in ('card', 'paypal', 'credits')),
    payment_type   text        not null check (payment_type in ('immediate', 'later', 'installment', 'credits')),
    -- Null: credits.
    gateway        text        check (gateway in ('sandbox', 'stripe', 'paypal')),
    -- payments/src/model.rs has the table of what follows what.
    state          text        not null check (state in
                   ('processing', 'requires_action', 'authorized', 'scheduled', 'captured', 'failed', 'cancelled')),
    -- What the app sees; it follows from the state and the amounts.
    status         text        not null check (status in
                   ('pending', 'requires_action', 'processing', 'completed', 'failed', 'refunded', 'partially_refunded',
                    'cancelled')),
    captured_minor bigint      not null default 0,
    -- How much of the amount is paid by credits beside the gateway's part; they are in the escrow from the beginning, and
    -- count as taken when that is.
    credits_minor  bigint      not null default 0 check (0 <= credits_minor and credits_minor < amount_minor),
    -- What went back, or is about to.
    refunded_minor bigint      not null default 0,
    -- What a gateway took back because its payer asked their bank to.
    disputed_minor bigint      not null default 0,
    failure_code   text,
    -- What the payer needs to approve it, sealed: it lets its holder pay.
    sealed_action  bytea,
    -- Names of the gateway, for charges without the payer.
    payer          text,
    method         text,
    -- When what was held for the booking went where it belongs.
    closed_at      timestamptz,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    constraint payments_amounts check (0 <= refunded_minor and 0 <= disputed_minor
               and refunded_minor + disputed_minor <= captured_minor and captured_minor <= amount_minor)
);
-- A booking is paid once.
create unique index payments_one_live on payments (booking_id) where state not in ('failed', 'cancelled');
create index payments_booking on payments (booking_id);
create index payments_user on payments (user_id, id desc);

-- The parts of a payment that is not made at once; one that is made later is one part.
create table payment_installments (
    id           uuid        primary key,
    payment_id   uuid        not null references payments,
    number       smallint    not null check (number > 0),
    amount_minor bigint      not null check (amount_minor > 0),
    due_date     date        not null,
    state        text        not null check (state in ('pending', 'paid', 'overdue', 'failed', 'cancelled')),
    -- How often it was charged in vain.
    failures     smallint    not null default 0,
    paid_at      timestamptz,
    constraint payment_installments_number unique (payment_id, number),
    constraint payment_installments_paid check ((state = 'paid') = (paid_at is not null))
);

-- Money on its way back to a customer. What could not be brought there is still owed.
create table refunds (
    id           uuid        primary key,
    payment_id   uuid        not null references payments,
    amount_minor bigint      not null check (amount_minor > 0),
    -- How much of it went back to credits.
    credits_minor bigint     not null default 0 check (credits_minor between 0 and amount_minor),
    state        text        not null check (state in ('processing', 'succeeded', 'failed')),
    reason       text        not null,
    -- Who wished it; null: it followed from what became of the booking.
    requested_by uuid        references users,
    created_at   timestamptz not null,
    updated_at   timestamptz not null
);
create index refunds_payment on refunds (payment_id, id);

-- What a gateway is asked to do: written before it is asked, under the id that is its idempotency key.
create table payment_operations (
    id               uuid        primary key,
    payment_id       uuid        not null references payments,
    refund_id        uuid        references refunds,
    installment_id   uuid        references payment_installments,
    gateway          text        not null check (gateway in ('sandbox', 'stripe', 'paypal')),
    task             text        not null check (task in ('charge', 'capture', 'void', 'refund')),
    -- The charge that is captured, voided or refunded.
    charge_id        uuid        references payment_operations,
    amount_minor     bigint      not null check (amount_minor > 0),
    currency         text        not null,
    payer            text,
    method           text,
    captures_later   boolean     not null default false,
    is_payer_present boolean     not null default false,
    description      text        not null default '',
    state            text        not null check (state in ('started', 'open', 'succeeded', 'declined')),
    -- The gateway's name for it.
    reference        text,
    code             text,
    -- How often it was asked about.
    asked            smallint    not null default 0,
    -- Of a charge: how much of it goes back.
    refunded_minor   bigint      not null default 0,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    constraint payment_operations_refunded check (refunded_minor between 0 and amount_minor),
    constraint payment_operations_code check ((state = 'declined') = (code is not null))
);
create index payment_operations_payment on payment_operations (payment_id);
create index payment_operations_reference on payment_operations (reference);
-- Nothing is charged twice, nor captured twice.
create unique index payment_operations_one_charge on payment_operations (coalesce(installment_id, payment_id))
    where task = 'charge' and state <> 'declined';
create unique index payment_operations_one_capture on payment_operations (charge_id)
    where task in ('capture', 'void') and state <> 'declined';
