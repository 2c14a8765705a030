-- The sandbox gateway: an outside system that is only pretended. It keeps its own book here, apart from
-- ours, so that the book survives restarts and can be compared with the ledger. Nothing of ours refers to it.

-- What it was asked to do, and how that stands.
create table sandbox_operations (
    -- Ours: an operation is done once.
    id             uuid        primary key,
    task           text        not null check (task in ('charge', 'capture', 'void', 'refund', 'set_up', 'pay_out')),
    reference      text        not null unique,
    -- The payer of a charge, the charge of a refund, the account of a payout.
    subject        text        not null,
    -- The test method or bank, which decides what happens.
    method         text        not null,
    amount         bigint      not null check (amount >= 0),
    currency       text        not null,
    captures_later boolean     not null,
    captured       bigint      not null default 0,
    refunded       bigint      not null default 0,
    status         text        not null check (status in ('requires_action', 'processing', 'succeeded', 'declined')),
    code           text,
    dispute        text        check (dispute in ('open', 'won', 'lost')),
    -- What happens next by itself, and when.
    next_step      text        check (next_step in ('succeed', 'fail', 'dispute', 'win', 'lose')),
    next_at        timestamptz,
    description    text        not null,
    return_url     text        not null,
    created_at     timestamptz not null,
    constraint sandbox_operations_amounts check (0 <= refunded and refunded <= captured and captured <= amount),
    constraint sandbox_operations_code check ((status = 'declined') = (code is not null))
);
create index sandbox_operations_next on sandbox_operations (next_at) where next_at is not null;

-- Its book: every movement of money, written once.
create table sandbox_book (
    id        bigint      generated always as identity primary key,
    operation uuid        not null references sandbox_operations,
    reference text        not null,
    kind      text        not null,
    amount    bigint      not null check (amount > 0),
    currency  text        not null,
    at        timestamptz not null,
    constraint sandbox_book_once unique (reference, kind)
);
create index sandbox_book_at on sandbox_book (at, id);

-- Methods that payers keep.
create table sandbox_methods (
    reference text primary key,
    token     text not null
);

-- Accounts of providers.
create table sandbox_accounts (
    reference text primary key,
    bank      text not null,
    status    text not null check (status in ('pending', 'active', 'restricted', 'rejected'))
);

-- What it has to tell us, until it could.
create table sandbox_messages (
    id        bigint      generated always as identity primary key,
    subject   text        not null,
    operation uuid,
    reference text        not null,
    due_at    timestamptz not null
);
