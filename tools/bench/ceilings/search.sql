-- By where all words stand: in the title, or in the description too, or in the provider's name as well; then by
-- popularity. The later branches run only where the page is not full yet.
select (select count(*) from (select from service_search where words @@ {anywhere} limit 1001) counted),
       s.id, s.provider_id, d.provider_name, d.is_verified, s.category_id,
       coalesce(s.translations -> 'en' ->> 'title', s.title),
       coalesce(s.translations -> 'en' ->> 'description', s.description),
       s.price_minor, s.currency, s.credits_required, s.duration_minutes, s.rating_sum, s.rating_count,
       s.is_active, s.created_at, s.updated_at, s.images
  from (select * from (
          (select 0 as class, service_id, popularity from service_search
            where words @@ {title}
            order by -popularity, service_id desc limit 21)
          union all
          (select 1, service_id, popularity from service_search
            where words @@ {described} and not words @@ {title}
            order by -popularity, service_id desc limit 21)
          union all
          (select 2, service_id, popularity from service_search
            where words @@ {anywhere} and not words @@ {described}
            order by -popularity, service_id desc limit 21)) found
         limit 21) page
  join service_search d using (service_id)
  join services s on s.id = page.service_id
 order by page.class, page.popularity desc, page.service_id desc;
