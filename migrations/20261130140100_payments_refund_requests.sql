-- Refunds that finance asks for and a second person of finance decides on: those that one person may not decide alone.
create table refund_requests (
    id           uuid        primary key,
    payment_id   uuid        not null references payments,
    -- Credits that were bought with the payment, where these are what is given back.
    lot_id       uuid        references credit_lots,
    amount_minor bigint      not null check (amount_minor > 0),
    currency     text        not null,
    reason       text        not null,
    -- One that nobody decides on in time has expired; nothing is written for that.
    state        text        not null check (state in ('pending_approval', 'approved', 'rejected')),
    requested_by uuid        not null references users,
    decided_by   uuid        references users,
    -- What came of it.
    refund_id    uuid        unique references refunds,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    decided_at   timestamptz,
    constraint refund_requests_two_people check (decided_by <> requested_by),
    check ((state = 'pending_approval') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
    check ((state = 'approved') = (refund_id is not null))
);
create index refund_requests_open on refund_requests (id) where state = 'pending_approval';
create index refund_requests_payment on refund_requests (payment_id);
