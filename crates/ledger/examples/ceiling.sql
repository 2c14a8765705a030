-- The same rows in the same tables, without what keeps them right: no floor, no operation that was done before, no order
-- of locks, no look at the sums. First a customer pays for a booking, then the job is done.
\set provider random(1, 2000)
with posted as (
    insert into bench_transactions (id, operation, kind, posted_at)
    values (gen_random_uuid(), 'charge:' || nextval('bench_operations'), 'charged', now())
    returning id
), queued as (
    insert into bench_unsealed select id from posted
), escrow as (
    insert into bench_accounts
           (id, purpose, owner, part, currency, normal_side, may_be_negative, is_shared, balance, entries)
    select gen_random_uuid(), 'escrow', id, '', 'EUR', 'credit', false, false, 10000, 1 from posted
    returning id
), entered as (
    insert into bench_entries (account_id, number, transaction_id, currency, amount, balance_after)
    select escrow.id, 1, posted.id, 'EUR', 10000, 10000 from escrow, posted
    union all
    select '00000000-0000-4000-9000-000000000001', nextval('bench_numbers'), id, 'EUR', -10000, null from posted
)
select id as escrow from escrow \gset
with posted as (
    insert into bench_transactions (id, operation, kind, posted_at)
    values (gen_random_uuid(), 'done:' || nextval('bench_operations'), 'done', now())
    returning id
), queued as (
    insert into bench_unsealed select id from posted
), moved as (
    update bench_accounts a set balance = a.balance + leg.amount, entries = a.entries + 1
      from (values (:escrow::uuid, -10000),
                   (('00000000-0000-4000-8000-' || lpad(to_hex(:provider::bigint), 12, '0'))::uuid, 8500)) leg (id, amount)
     where a.id = leg.id
    returning a.id, a.entries, a.balance, leg.amount
)
insert into bench_entries (account_id, number, transaction_id, currency, amount, balance_after)
select moved.id, entries, posted.id, 'EUR', amount, balance from moved, posted
union all
select '00000000-0000-4000-9000-000000000002', nextval('bench_numbers'), id, 'EUR', 1500, null from posted;
