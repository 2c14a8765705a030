select b.id, b.reference, b.customer_id, b.provider_id, b.service_id, b.state, b.timezone, b.starts_at, b.ends_at,
       b.respond_by, b.service_title, b.service_price_minor, b.currency, b.duration_minutes, b.cancellation_policy,
       b.books_instantly, b.total_minor, b.refund_minor, b.payment_method, b.payment_type, b.payment_status, b.notes,
       b.address, b.cancelled_by, b.cancellation_reason, b.version, b.created_at, b.updated_at,
       customer.name, provider.name,
       r.id, r.proposed_by, r.starts_at, r.ends_at, r.reason, r.created_at, r.expires_at,
       h.at, h.event, h.from_state, h.to_state, h.actor, h.reason
  from bookings b
  join users customer on customer.id = b.customer_id
  join users provider on provider.id = b.provider_id
  left join reschedule_proposals r on r.booking_id = b.id and r.state = 'open'
  left join booking_history h on h.booking_id = b.id
 where b.id = {booking}
 order by h.id;
