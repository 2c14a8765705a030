-- The directory of providers: one narrow row for every provider that anybody may see, kept like service_search.

-- Rating, completion and response in one number from 0 to 1; discovery/src/ranking.rs has the same formula
-- with its tests. Who has done little yet stands at what is usual.
create function search_provider_rank(rating_sum integer, rating_count integer, completed integer, cancelled integer,
                                     received integer, answered integer, minutes bigint) returns real
    language sql immutable strict parallel safe
    return 0.60 * (5 * 4.2 + rating_sum) / (5.0 + rating_count) / 5
         + 0.25 * (completed + 9.0) / (completed + cancelled + 10.0)
         + 0.15 * (answered + 4.0) / (greatest(received, answered) + 5.0)
                * 240 / (240 + (minutes + 600.0) / (answered + 5.0));

create table provider_search (
    provider_id uuid    primary key references providers on delete cascade,
    rank        real    not null,
    rating      real    not null,
    is_verified boolean not null,
    position    cube,
    -- What they know and what they offer.
    categories  uuid[]  not null,
    -- The words of their names.
    words       tsvector not null
);
create index provider_search_rank on provider_search (rank desc, provider_id desc) include (rating, is_verified);
create index provider_search_position on provider_search using gist (position);
create index provider_search_words on provider_search using gin (words) with (fastupdate = off);
create index provider_search_categories on provider_search using gin (categories) with (fastupdate = off);

create view provider_search_source as
select p.user_id as provider_id,
       search_provider_rank(p.rating_sum, p.rating_count, p.jobs_completed, p.jobs_cancelled, p.requests_received,
                            p.requests_answered, p.response_minutes_sum) as rank,
       case when p.rating_count = 0 then 0 else p.rating_sum::real / p.rating_count end as rating,
       p.is_verified, search_position(p.latitude, p.longitude) as position,
       array(select unnest(p.skills) union
             select s.category_id from services s where s.provider_id = p.user_id and s.is_active) as categories,
       array_to_tsvector(search_lexemes('search_plain', concat_ws(' ', u.name, p.business_name))) as words
  from providers p
  join users u on u.id = p.user_id
 where u.state = 'active';

create function search_refresh_provider(id uuid) returns void
    language plpgsql as $$
begin
    delete from provider_search d
     where d.provider_id = id and not exists (select from provider_search_source s where s.provider_id = id);
    insert into provider_search (provider_id, rank, rating, is_verified, position, categories, words)
    select provider_id, rank, rating, is_verified, position, categories, words
      from provider_search_source where provider_id = id
    on conflict (provider_id) do update
       set (rank, rating, is_verified, position, categories, words)
         = (excluded.rank, excluded.rating, excluded.is_verified, excluded.position, excluded.categories,
            excluded.words);
end $$;

create function search_directory_changed() returns trigger
    language plpgsql as $$
begin
    case tg_table_name
        when 'users' then perform search_refresh_provider(new.id);
        when 'providers' then perform search_refresh_provider(new.user_id);
        else
            -- One more of what they offer already changes nothing.
            if tg_op = 'UPDATE' or not exists (select from provider_search where provider_id = new.provider_id
                                                  and new.category_id = any (categories)) then
                perform search_refresh_provider(new.provider_id);
            end if;
    end case;
    return null;
end $$;
create trigger provider_search_insert after insert on providers
    for each row execute function search_directory_changed();
create trigger provider_search_update after update of business_name, is_verified, latitude, longitude, skills on providers
    for each row when ((old.business_name, old.is_verified, old.latitude, old.longitude, old.skills)
              is distinct from (new.business_name, new.is_verified, new.latitude, new.longitude, new.skills))
    execute function search_directory_changed();

-- Every request and every job moves the rank a little; it is written when it makes a difference.
create function search_provider_numbers_changed() returns trigger
    language plpgsql as $$
declare
    its_rank real := search_provider_rank(new.rating_sum, new.rating_count, new.jobs_completed, new.jobs_cancelled,
                                          new.requests_received, new.requests_answered, new.response_minutes_sum);
    its_rating real := case when new.rating_count = 0 then 0 else new.rating_sum::real / new.rating_count end;
begin
    update provider_search
       set rank = its_rank, rating = its_rating
     where provider_id = new.user_id and (rating <> its_rating or abs(rank - its_rank) > 0.001);
    return null;
end $$;
create trigger provider_search_numbers after update of rating_sum, rating_count, jobs_completed, jobs_cancelled,
                                                       requests_received, requests_answered, response_minutes_sum
    on providers for each row execute function search_provider_numbers_changed();
create trigger provider_search_person after update of name, state on users
    for each row when (new.is_provider and (old.name, old.state) is distinct from (new.name, new.state))
    execute function search_directory_changed();
create trigger provider_search_service_insert after insert on services
    for each row when (new.is_active) execute function search_directory_changed();
create trigger provider_search_service_update after update of category_id, is_active on services
    for each row when ((old.category_id, old.is_active) is distinct from (new.category_id, new.is_active))
    execute function search_directory_changed();

create function search_rebuild_providers() returns void
    language plpgsql as $$
begin
    lock table provider_search in access exclusive mode;
    truncate provider_search;
    insert into provider_search (provider_id, rank, rating, is_verified, position, categories, words)
    select provider_id, rank, rating, is_verified, position, categories, words from provider_search_source;
end $$;

-- Popularity looks at what was completed lately.
create index bookings_completed on bookings ((coalesce(completed_at, ends_at))) include (service_id)
    where state = 'completed';
