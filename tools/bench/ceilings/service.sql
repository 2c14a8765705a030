select s.id, s.provider_id, s.category_id, s.language,
       coalesce(s.translations -> 'en' ->> 'title', s.title),
       coalesce(s.translations -> 'en' ->> 'description', s.description),
       s.price_minor, s.currency, s.credits_required, s.duration_minutes, s.cancellation_policy, s.latitude,
       s.longitude, s.city, s.service_radius_km, s.rating_sum, s.rating_count, s.is_active, s.version,
       s.created_at, s.updated_at,
       p.user_id, u.name, u.profile_image, p.account_type, p.business_name, p.description, p.skills, p.rating_sum,
       p.rating_count, p.jobs_completed, p.jobs_cancelled, p.is_verified, p.is_available, p.languages,
       p.latitude, p.longitude, p.city, p.service_radius_km, p.requests_received, p.requests_answered,
       p.response_minutes_sum, p.created_at, p.updated_at, c.weekly, c.timezone, s.images
  from services s
  join providers p on p.user_id = s.provider_id
  join users u on u.id = s.provider_id
  left join schedules c on c.provider_id = s.provider_id
 where s.id = {service} and s.is_active;
