-- What staff do with money: goodwill by two people, first payments that are looked at, refunds that find another way.

-- Credits that we give because something went wrong. One proposes, another one decides.
create table goodwill_grants (
    id           uuid        primary key,
    user_id      uuid        not null references users,
    amount_minor bigint      not null check (amount_minor > 0),
    reason       text        not null,
    state        text        not null check (state in ('proposed', 'granted', 'refused')),
    proposed_by  uuid        not null references users,
    decided_by   uuid        references users,
    created_at   timestamptz not null,
    decided_at   timestamptz,
    constraint goodwill_grants_two_people check (decided_by <> proposed_by),
    check ((state = 'proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
create index goodwill_grants_open on goodwill_grants (id) where state = 'proposed';

-- Somebody whose first payment is unusually large waits for a member of staff; one row a booking.
create table payment_reviews (
    booking_id   uuid        primary key references bookings,
    user_id      uuid        not null references users,
    amount_minor bigint      not null check (amount_minor > 0),
    currency     text        not null,
    state        text        not null check (state in ('waiting', 'allowed', 'refused')),
    decided_by   uuid        references users,
    created_at   timestamptz not null,
    decided_at   timestamptz,
    check ((state = 'waiting') = (decided_by is null))
);
create index payment_reviews_open on payment_reviews (created_at) where state = 'waiting';

-- A refund that a gateway could not bring can go another way.
alter table refunds
    -- How much of it was brought without the gateway: by a bank transfer of ours, or as credits.
    add column elsewhere_minor bigint not null default 0 check (elsewhere_minor between 0 and amount_minor - credits_minor),
    add column note            text;
-- A refund in vain that was tried anew.
alter table payment_operations add column is_given_up boolean not null default false;
create index refunds_failed on refunds (updated_at) where state = 'failed';
create index payment_disputes_open on payment_disputes (respond_by) where state = 'open';
create index payment_operations_unsettled on payment_operations (created_at) where state in ('started', 'open');
create index payment_operations_refund on payment_operations (refund_id) where refund_id is not null;
