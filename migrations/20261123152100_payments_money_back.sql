-- Money that goes back: refunds that are tried again by themselves, bought credits that nobody used, and what we say when a
-- payer disputes.

alter table refunds
    -- How often it was tried again by itself, and when next; staff look at what failed and has no next time.
    add column tries    smallint    not null default 0 check (tries between 0 and 3),
    add column retry_at timestamptz,
    add constraint refunds_retry check (retry_at is null or state = 'failed');

-- What we gave on top of what was bought, as long as it may still be on the lot: it is not paid out.
alter table credit_lots add column bonus_minor bigint not null default 0 check (bonus_minor >= 0);
update credit_lots l set bonus_minor = c.bonus_minor
  from payments p join credit_packages c on c.id = p.package_id where p.id = l.payment_id;

-- What we say in a dispute: written before the gateway hears of it, under the id that is its idempotency key.
create table dispute_evidence (
    id           uuid        primary key,
    dispute_id   uuid        not null references payment_disputes (id),
    -- As it is sent: the same words each time, since a gateway compares them.
    content      jsonb       not null,
    state        text        not null check (state in ('started', 'submitted', 'refused')),
    code         text,
    submitted_by uuid        not null references users,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    constraint dispute_evidence_code check ((state = 'refused') = (code is not null))
);
create index dispute_evidence_dispute on dispute_evidence (dispute_id, id desc);
-- A bank hears us once.
create unique index dispute_evidence_one on dispute_evidence (dispute_id) where state <> 'refused';

-- The sandbox hears it, too.
alter table sandbox_operations
    drop constraint sandbox_operations_task_check,
    add constraint sandbox_operations_task_check
        check (task in ('charge', 'capture', 'void', 'refund', 'set_up', 'pay_out', 'defend'));
