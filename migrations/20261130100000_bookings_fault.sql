-- What was agreed, who is at fault, and what people disagree about.
alter table bookings
    -- What the customer agreed to pay, our fee included, less what was given back since; 0 until a payment is certain.
    add column agreed_minor bigint not null default 0 check (agreed_minor >= 0),
    -- How much of that was paid or is reserved; what a bank holds back counts.
    add column secured_minor bigint not null default 0 check (secured_minor >= 0),
    -- How much of what was agreed does not go back, once that is decided (bookings/src/settlement.rs).
    add column kept_minor bigint check (kept_minor >= 0),
    -- Moving never makes cancelling cheaper.
    add column min_kept_percent smallint not null default 0 check (min_kept_percent between 0 and 100),
    -- How often the customer has moved it.
    add column customer_moves smallint not null default 0 check (customer_moves >= 0),
    -- Copied from the schedule at creation: how long before the start its customer can move it.
    add column min_notice_minutes integer not null default 0 check (min_notice_minutes >= 0),
    -- Until when a reported absence can be contested; null once it is final.
    add column contest_until timestamptz,
    -- What it was before people disagreed, and since when they do. It stays: nobody disputes twice.
    add column disputed_from text check (disputed_from in ('completed', 'no_show_customer', 'no_show_provider')),
    add column disputed_at timestamptz;

update bookings b
   set agreed_minor = p.amount_minor - p.refunded_minor,
       secured_minor = case p.state when 'authorized' then p.amount_minor else p.captured_minor - p.refunded_minor end
  from payments p
 where p.booking_id = b.id and not p.is_tip and p.state in ('authorized', 'scheduled', 'captured');
update bookings set kept_minor = greatest(paid_minor - refund_minor, 0) where refund_minor is not null;
update bookings b
   set min_notice_minutes = coalesce(s.min_notice_minutes, t.min_notice_minutes, 0)
  from services s
  left join schedules t on t.provider_id = s.provider_id
 where s.id = b.service_id;

create index bookings_disputed on bookings (disputed_at, id) where state = 'disputed';

-- A zone belongs to a time: that of the booking changes only where the proposal is accepted.
alter table reschedule_proposals add column timezone text;
