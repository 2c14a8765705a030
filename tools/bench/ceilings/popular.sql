select s.id, s.provider_id, d.provider_name, d.is_verified, s.category_id,
       coalesce(s.translations -> 'en' ->> 'title', s.title),
       coalesce(s.translations -> 'en' ->> 'description', s.description),
       s.price_minor, s.currency, s.credits_required, s.duration_minutes, s.rating_sum, s.rating_count,
       s.is_active, s.created_at, s.updated_at, s.images
  from (select service_id, popularity from service_search
         order by popularity desc, service_id desc limit 21) page
  join service_search d using (service_id)
  join services s on s.id = page.service_id
 order by page.popularity desc, page.service_id desc;
