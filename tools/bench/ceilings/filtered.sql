-- A category with its children is a few ranges of one index; the page and the count are read from it alone.
with wanted as materialized (
    select {price} * 50 as lowest, {price} * 200 + 100 as highest,
           array(select id from categories where id = {category} or parent_id = {category}) as categories
)
select (select count(*) from (select from wanted, unnest(wanted.categories) c
                              cross join lateral (select from service_search d
                                                   where d.category_id = c and d.price_hundredths between lowest and highest
                                                   limit 1001) d limit 1001) counted),
       s.id, s.provider_id, d.provider_name, d.is_verified, s.category_id,
       coalesce(s.translations -> 'en' ->> 'title', s.title),
       coalesce(s.translations -> 'en' ->> 'description', s.description),
       s.price_minor, s.currency, s.credits_required, s.duration_minutes, s.rating_sum, s.rating_count,
       s.is_active, s.created_at, s.updated_at, s.images
  from (select d.service_id, d.created_at
          from wanted, unnest(wanted.categories) c
         cross join lateral (select service_id, created_at from service_search d
                              where d.category_id = c and d.price_hundredths between lowest and highest
                              order by created_at desc, service_id desc limit 21) d
         order by created_at desc, service_id desc limit 21) page
  join service_search d using (service_id)
  join services s on s.id = page.service_id
 order by page.created_at desc, page.service_id desc;
