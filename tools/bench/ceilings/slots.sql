select s.duration_minutes, s.buffer_before_minutes, s.buffer_after_minutes, s.min_notice_minutes, s.max_advance_days,
       c.timezone, c.weekly, c.exceptions, c.min_notice_minutes, c.max_advance_days, c.buffer_before_minutes,
       c.buffer_after_minutes, c.slot_step_minutes, p.is_available, r.blocked
  from services s
  join providers p on p.user_id = s.provider_id
  join schedules c on c.provider_id = s.provider_id
  left join reservations r on r.provider_id = s.provider_id
                          and r.blocked && tstzrange(now(), now() + '32 days')
 where s.id = {service} and s.is_active;
