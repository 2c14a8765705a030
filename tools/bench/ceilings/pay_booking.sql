-- One statement, one round trip: the payment and its charge, the money in the books, the booking that goes on, its
-- history and its events. In copies of the tables without what keeps them right; the gateway is somebody else's.
with paid as (
    insert into bench_payments (id, booking_id, user_id, amount_minor, currency, payment_method, payment_type, gateway, state,
                                status, captured_minor, method, created_at, updated_at)
    values (gen_random_uuid(), gen_random_uuid(), {customer}, 4990, 'EUR', 'card', 'immediate', 'sandbox', 'captured',
            'completed', 4990, 'pm_sandbox_visa', now(), now())
    returning id, booking_id, user_id
), charged as (
    insert into bench_payment_operations (id, payment_id, gateway, task, amount_minor, currency, method, state, reference,
                                          created_at, updated_at)
    select gen_random_uuid(), id, 'sandbox', 'charge', 4990, 'EUR', 'pm_sandbox_visa', 'succeeded', 'ch_' || id, now(), now()
      from paid
    returning id
), posted as (
    insert into bench_ledger_transactions (id, operation, kind, subject, posted_at)
    select gen_random_uuid(), 'operation ' || id || ' done', 'payment_charged', id, now() from charged
    returning id
), queued as (
    insert into bench_ledger_unsealed select id from posted
), escrow as (
    insert into bench_ledger_accounts (id, purpose, owner, part, currency, normal_side, may_be_negative, is_shared, balance,
                                       entries)
    select gen_random_uuid(), 'escrow', booking_id, '', 'EUR', 'credit', false, false, 4990, 1 from paid
    returning id
), entered as (
    insert into bench_ledger_entries (account_id, number, transaction_id, currency, amount, balance_after)
    select escrow.id, 1, posted.id, 'EUR', 4990, 4990 from escrow, posted
    union all
    select '00000000-0000-4000-9000-000000000001', nextval('ledger_shared_numbers'), id, 'EUR', -4990, null from posted
), noted as (
    insert into bench_history (booking_id, at, event, from_state, to_state, actor)
    select booking_id, now(), 'payment_secured', 'awaiting_payment', 'confirmed', 'system' from paid
), told as (
    insert into bench_outbox (topic, subject, payload, created_at)
    select topic, id, jsonb_build_object('payment_id', id, 'booking_id', booking_id, 'user_id', user_id), now()
      from paid, (values ('payments.changed'), ('bookings.changed')) topics (topic)
), went_on as (
    update bookings set updated_at = now() where id = {booking}
)
select id, booking_id, user_id from paid;
