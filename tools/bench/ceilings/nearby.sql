-- Ten kilometres are a chord of 0.0015696 on the unit sphere. One walk through the index gives page and count.
with near as materialized (
    select service_id, position <-> {center} as distance
      from service_search
     where position <@ cube_enlarge({center}, 0.0015696, 3)
       and position <-> {center} <= least(reach, 0.0015696)
     order by position <-> {center}
     limit 1001
)
select (select count(*) from near), page.distance,
       s.id, s.provider_id, d.provider_name, d.is_verified, s.category_id,
       coalesce(s.translations -> 'en' ->> 'title', s.title),
       coalesce(s.translations -> 'en' ->> 'description', s.description),
       s.price_minor, s.currency, s.credits_required, s.duration_minutes, s.rating_sum, s.rating_count,
       s.is_active, s.created_at, s.updated_at, s.images
  from (select * from near order by distance limit 21) page
  join service_search d using (service_id)
  join services s on s.id = page.service_id
 order by page.distance, page.service_id;
