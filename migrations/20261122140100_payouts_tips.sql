-- Tips: all of one is the provider's, at once.
create table tips (
    payment_id     uuid        primary key,
    booking_id     uuid        not null,
    provider_id    uuid        not null references providers (user_id),
    service_title  text        not null,
    currency       text        not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor   bigint      not null check (amount_minor > 0),
    earned_at      timestamptz not null
);
create index tips_provider on tips (provider_id, currency, earned_at);

-- What of a tip went back to the customer. Written once, under the id of the refund or the dispute.
create table tip_reversals (
    id           uuid        primary key,
    payment_id   uuid        not null references tips,
    provider_id  uuid        not null,
    currency     text        not null,
    amount_minor bigint      not null check (amount_minor > 0),
    reversed_at  timestamptz not null
);
create index tip_reversals_provider on tip_reversals (provider_id, currency, reversed_at);
create index tip_reversals_tip on tip_reversals (payment_id);
