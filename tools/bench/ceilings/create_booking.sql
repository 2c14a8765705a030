-- One statement, one round trip: the calendar's lock, the booking, its history, its span, its event, what both people's
-- logs have of it, and its timer.
-- Everything lies in far years of its own, so that every insert succeeds; the event goes to a copy of the outbox, or
-- the server would work on it.
with offer as materialized (
    select s.*, c.timezone, c.auto_accept, c.buffer_before_minutes as before, c.buffer_after_minutes as after,
           lock_calendar(s.provider_id) as locked, nextval('bench_slots') as slot
      from services s
      join schedules c on c.provider_id = s.provider_id
     where s.id = {service} and s.is_active
), booked as (
    insert into bookings (id, reference, customer_id, provider_id, service_id, state, list_position, timezone, starts_at,
                          ends_at, respond_by, service_title, service_price_minor, credits_required, currency,
                          duration_minutes, buffer_before_minutes, buffer_after_minutes, cancellation_policy,
                          commission_bps, books_instantly, total_minor, payment_method, payment_type, payment_status,
                          notes, address, created_at, updated_at)
    select ('029f0000-0000-7000-8000-' || lpad(to_hex(slot), 12, '0'))::uuid, 'BENCH-' || slot, {customer}, provider_id, id,
           'pending_acceptance', slot, timezone, timestamptz '2100-01-01' + slot * interval '30 hours',
           timestamptz '2100-01-01' + slot * interval '30 hours' + duration_minutes * interval '1 minute',
           now() + interval '1 day', title, price_minor, credits_required, currency, duration_minutes, before, after,
           cancellation_policy, 1500, auto_accept, price_minor, 'cash', 'immediate', 'unpaid', 'Please ring twice.',
           jsonb_build_object('street_address', 'Birkenweg 135', 'city', 'Berlin', 'postal_code', '10115'), now(), now()
      from offer
    returning id, customer_id, provider_id, starts_at, ends_at, buffer_before_minutes, buffer_after_minutes
), noted as (
    insert into booking_history (booking_id, at, event, to_state, actor, actor_id)
    select id, now(), 'requested', 'pending_acceptance', 'customer', customer_id from booked
), held as (
    insert into reservations (provider_id, booking_id, purpose, starts_at, ends_at, blocked)
    select provider_id, id, 'booking', starts_at, ends_at,
           tstzrange(starts_at - buffer_before_minutes * interval '1 minute',
                     ends_at + buffer_after_minutes * interval '1 minute')
      from booked
), told as (
    insert into bench_outbox (topic, subject, payload, created_at)
    select 'bookings.requested', id, jsonb_build_object('booking_id', id, 'customer_id', customer_id), now() from booked
), heads as (
    insert into user_streams as s (user_id, head)
    select person, news from booked, lateral (values (customer_id, 1), (provider_id, 2)) people (person, news)
     order by person
    on conflict (user_id) do update set head = s.head + excluded.head
    returning user_id, head
), live as (
    insert into user_events (user_id, id, kind, at, data)
    select h.user_id, h.head - place, kind, now(), jsonb_build_object('booking_id', b.id, 'customer_id', b.customer_id)
      from booked b, heads h, (values (0, 'booking.updated'), (1, 'job.requested')) news (place, kind)
     where place = 0 or h.user_id = b.provider_id
), timed as (
    insert into jobs (kind, payload, key, run_at, created_at)
    select 'bench', jsonb_build_object('booking_id', id), 'bench-' || id, timestamptz '2100-01-01', now() from booked
), counted as (
    update providers set requests_received = requests_received + 1 where user_id = (select provider_id from booked)
)
select booked.*, customer.name, provider.name
  from booked
  join users customer on customer.id = booked.customer_id
  join users provider on provider.id = booked.provider_id;
