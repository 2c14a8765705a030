-- Where a gateway's book and ours differ, for staff. Found by a daily job; the same difference stands here once.
create table payment_differences (
    gateway   text        not null,
    kind      text        not null,
    reference text        not null,
    -- In minor units; null: it is not there at all.
    ours      bigint,
    theirs    bigint,
    currency  text        not null,
    found_at  timestamptz not null,
    primary key (gateway, kind, reference)
);
