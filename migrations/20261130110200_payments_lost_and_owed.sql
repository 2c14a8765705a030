-- Money that does not come after all: what a bank takes back before the job, and what a customer owes for one.

-- `disputed`: the payer's bank took it back while it was held for the booking, which may be paid anew.
alter table payments drop constraint payments_state_check;
alter table payments add constraint payments_state_check check (state in
    ('processing', 'requires_action', 'authorized', 'scheduled', 'captured', 'disputed', 'failed', 'cancelled'));
-- When the last try to charge a part of it has failed: its payer owes that part.
alter table payments add column overdue_at timestamptz;

drop index payments_one_live;
create unique index payments_one_live on payments (booking_id)
    where state not in ('disputed', 'failed', 'cancelled') and not is_tip;
create index payments_disputed on payments (booking_id) where state = 'disputed';

-- What customers owe for work that was done: a part whose last try has failed; all of what failed when it was to be
-- captured, or was lost to the payer's bank before the job, where nothing was paid in its place.
create view payment_debts as
select p.booking_id, p.id as payment_id, p.user_id, b.provider_id, p.currency,
       (select sum(i.amount_minor)::bigint from payment_installments i
         where i.payment_id = p.id and i.state = 'overdue') as amount_minor, p.overdue_at as since
  from payments p
  join bookings b on b.id = p.booking_id
 where p.state = 'scheduled' and p.overdue_at is not null and not p.is_tip
   and b.state in ('confirmed', 'in_progress', 'completed', 'disputed')
union all
select p.booking_id, p.id, p.user_id, b.provider_id, p.currency,
       case when p.state = 'disputed' then p.disputed_minor else p.amount_minor end, p.updated_at
  from bookings b
  cross join lateral (select * from payments p
                       where p.booking_id = b.id and not p.is_tip and p.state in ('disputed', 'failed')
                       order by p.id desc limit 1) p
 where b.state in ('completed', 'disputed') and b.payment_method <> 'cash' and b.payment_status in ('unpaid', 'failed', 'partially_paid')
   and not exists (select from payments l
                    where l.booking_id = b.id and not l.is_tip and l.state not in ('disputed', 'failed', 'cancelled'))
   and not exists (select from payment_disputes d where d.payment_id = p.id and d.state = 'open');
