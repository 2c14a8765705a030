select p.user_id, u.name, u.profile_image, p.account_type, p.business_name, p.description, p.skills, p.rating_sum,
       p.rating_count, p.jobs_completed, p.jobs_cancelled, p.is_verified, p.is_available, p.languages,
       p.latitude, p.longitude, p.city, p.service_radius_km, p.requests_received, p.requests_answered,
       p.response_minutes_sum, p.created_at, p.updated_at, c.weekly, c.timezone
  from providers p
  join users u on u.id = p.user_id
  left join schedules c on c.provider_id = p.user_id
 where p.user_id = {provider};
