-- What a customer owes all the same for a booking that ended before its job is a debt like another, where the bank took the
-- money back for good or did not give what was reserved: what is kept (bookings/src/settlement.rs) and nobody has earned yet.
create or replace view payment_debts as
select p.booking_id, p.id as payment_id, p.user_id, b.provider_id, p.currency,
       (select sum(i.amount_minor)::bigint from payment_installments i
         where i.payment_id = p.id and i.state = 'overdue') as amount_minor, p.overdue_at as since
  from payments p
  join bookings b on b.id = p.booking_id
 where p.state = 'scheduled' and p.overdue_at is not null and not p.is_tip
   and (b.state in ('confirmed', 'in_progress', 'completed', 'disputed') or b.kept_minor > 0)
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
   and not exists (select from payment_disputes d where d.payment_id = p.id and d.state = 'open')
union all
select p.booking_id, p.id, p.user_id, b.provider_id, p.currency,
       b.kept_minor - (select sum(e.earned_minor)::bigint from payments e where e.booking_id = b.id and not e.is_tip),
       p.updated_at
  from bookings b
  cross join lateral (select * from payments p
                       where p.booking_id = b.id and not p.is_tip and p.state in ('disputed', 'failed')
                       order by p.id desc limit 1) p
 where b.kept_minor > 0 and b.contest_until is null and b.payment_method <> 'cash'
   and b.state not in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress', 'completed', 'disputed')
   -- One that waits for its payer is a try to pay this.
   and not exists (select from payments l
                    where l.booking_id = b.id and not l.is_tip
                      and l.state not in ('disputed', 'failed', 'cancelled', 'processing', 'requires_action'))
   and not exists (select from payment_disputes d join payments l on l.id = d.payment_id
                    where l.booking_id = b.id and d.state = 'open');
