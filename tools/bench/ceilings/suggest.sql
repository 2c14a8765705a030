select coalesce(s.translations -> 'en' ->> 'title', s.title)
  from (select service_id, popularity from service_search
         where words @@ {beginning}
         order by -popularity, service_id desc limit 60) page
  join services s on s.id = page.service_id
 order by page.popularity desc, page.service_id desc;
