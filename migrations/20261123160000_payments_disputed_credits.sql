-- Credits that are not used pay for a dispute about what they cost.

alter table payment_disputes
    -- How much of what is disputed they paid.
    add column credits_minor bigint not null default 0,
    -- What we had given on top of those, and have taken back.
    add column bonus_minor   bigint not null default 0 check (bonus_minor >= 0),
    add constraint payment_disputes_covered check (credits_minor between 0 and disputed_minor);

create index credit_lots_payment on credit_lots (payment_id) where payment_id is not null;
