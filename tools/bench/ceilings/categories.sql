select id, slug, name ->> 'en', description ->> 'en', icon, color, parent_id, position, services_count, is_active
  from categories
 where is_active
 order by position, id;
