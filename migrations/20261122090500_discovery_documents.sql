-- Finding things: one narrow row for every service that anybody may find, beside the wide row that shows it.
-- Triggers keep it in step in the transaction of the change; search_rebuild makes it anew after a bulk load.

-- `unaccent` alone is only stable, since its rules could change under an index.
create function search_unaccent(words text) returns text
    language sql immutable strict parallel safe
    return unaccent('unaccent'::regdictionary, words);

-- The stemmers of three languages, blind to accents and umlauts; and one that only folds.
create text search configuration search_en (copy = pg_catalog.english);
create text search configuration search_de (copy = pg_catalog.german);
create text search configuration search_it (copy = pg_catalog.italian);
create text search configuration search_plain (copy = pg_catalog.simple);
alter text search configuration search_en alter mapping for hword, hword_part, word with unaccent, english_stem;
alter text search configuration search_de alter mapping for hword, hword_part, word with unaccent, german_stem;
alter text search configuration search_it alter mapping for hword, hword_part, word with unaccent, italian_stem;
alter text search configuration search_plain alter mapping for hword, hword_part, word with unaccent, simple;

-- The words of a text as they are compared. A German umlaut is found as `a` and as `ae`.
create function search_lexemes(config regconfig, words text) returns text[]
    language plpgsql immutable strict parallel safe as $$
begin
    if words ~ '[äöüÄÖÜ]' then
        words := words || ' ' || replace(replace(replace(lower(words), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue');
    end if;
    return tsvector_to_array(to_tsvector(config, words));
end $$;

-- The earth as the unit sphere: straight-line distances order like those over ground, and nothing special
-- happens at the poles or the date line.
create function search_position(latitude double precision, longitude double precision) returns cube
    language sql immutable strict parallel safe
    return cube(array[cosd(latitude) * cosd(longitude), cosd(latitude) * sind(longitude), sind(latitude)]);

-- The cell of a grid that a place lies in; fewer columns towards the poles, so that cells stay about as wide.
-- discovery/src/cells.rs has the same arithmetic, and says which cells a circle touches.
create function search_cell(size double precision, columns integer, latitude double precision,
                            longitude double precision) returns text
    language plpgsql immutable strict parallel safe as $$
declare
    band integer := least(floor((latitude + 90) / size), 180 / size - 1);
    nearest double precision := least(abs(band * size - 90), abs((band + 1) * size - 90));
    fewer integer := case when nearest >= 88.25 then 32 when nearest >= 86.5 then 16 when nearest >= 82.75 then 8
                          when nearest >= 75.5 then 4 when nearest >= 60 then 2 else 1 end;
begin
    columns := greatest(columns / fewer, 45);
    return band || 'x' || floor((longitude + 180) / 360 * columns)::integer % columns;
end $$;

-- Kilometres over ground as a straight line on the unit sphere.
create function search_chord(km double precision) returns double precision
    language sql immutable strict parallel safe
    return 2 * sin(km / (2 * 6371.0088));

-- Prices compare by their number, whatever the currency: hundredths also where a currency has no decimals.
create function search_hundredths(minor bigint, currency text) returns bigint
    language sql immutable strict parallel safe
    return minor * case when currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF',
                                          'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') then 100 else 1 end;

-- The mean of all ratings and five imagined ones of 4.2 stars, so that one happy customer does not outshine
-- fifty; nothing where there are none. discovery/src/ranking.rs has the same formula with its tests.
create function search_rating_rank(rating_sum integer, rating_count integer) returns real
    language sql immutable strict parallel safe
    return case when rating_count = 0 then 0 else (5 * 4.2 + rating_sum) / (5.0 + rating_count) end;

-- What a search looks into, as words with a prefix that says where they stand:
--   <tier><kind><language>word    kind a: title, p: title unstemmed, b: description; language e, d, i
--   <tier>nword                   the provider's name
--   <tier>ccategory               the category
--   <tier>fcell, <tier>hcell      where it starts from, in a fine and in a coarse grid
-- The tier comes first: 0 are the 1,000 most popular services, 1 the next 10,000, 2 the next 100,000, 3 the
-- rest. A search reads tier after tier until its page is full, so its cost does not grow with the data.
create function search_words_of(tier smallint, category_id uuid, title text, description text,
                                translations jsonb, provider_words text, latitude double precision,
                                longitude double precision) returns tsvector
    language plpgsql immutable parallel safe as $$
declare
    all_words text[] := array[tier || 'c' || replace(category_id::text, '-', '')];
    language text;
    config regconfig;
    its_title text;
    its_description text;
begin
    foreach language in array array['en', 'de', 'it'] loop
        config := case language when 'en' then 'search_en'::regconfig
                                when 'de' then 'search_de'::regconfig else 'search_it'::regconfig end;
        its_title := coalesce(translations -> language ->> 'title', title);
        its_description := coalesce(translations -> language ->> 'description', description);
        all_words := all_words
            || (select array_agg(tier || 'a' || left(language, 1) || word)
                  from unnest(search_lexemes(config, its_title)) word)
            || (select array_agg(tier || 'p' || left(language, 1) || word)
                  from unnest(search_lexemes('search_plain', its_title)) word)
            || (select array_agg(tier || 'b' || left(language, 1) || word)
                  from unnest(search_lexemes(config, its_description)) word);
    end loop;
    all_words := all_words
        || (select array_agg(tier || 'n' || word) from unnest(search_lexemes('search_plain', provider_words)) word);
    if latitude is not null then
        all_words := all_words || (tier || 'f' || search_cell(0.25, 1440, latitude, longitude))
                               || (tier || 'h' || search_cell(2, 180, latitude, longitude));
    end if;
    return array_to_tsvector(all_words);
end $$;

create table service_search (
    service_id       uuid             primary key references services on delete cascade,
    provider_id      uuid             not null,
    category_id      uuid             not null,
    created_at       timestamptz      not null,
    price_hundredths bigint           not null,
    -- Where the service starts from, and how far it goes as a straight line; null: anywhere, found by no distance.
    position         cube,
    reach            double precision not null,
    -- As shown; 0 where nobody has rated.
    rating           real             not null,
    -- By which lists are ordered.
    rating_rank      real             not null,
    popularity       real             not null,
    duration_minutes integer          not null,
    tier             smallint         not null,
    is_verified      boolean          not null,
    -- As shown, so that a list joins neither people nor providers.
    provider_name    text             not null,
    words            tsvector         not null
) with (toast_tuple_target = 256);
-- Read by the index and hardly ever from the row, which stays narrow without it.
alter table service_search alter column words set storage external;
alter table service_search alter column provider_name set storage main;

create index service_search_words on service_search using gin (words) with (fastupdate = off);
create index service_search_position on service_search using gist (position);
create index service_search_provider on service_search (provider_id, created_at desc, service_id desc);
-- One index an order, alone and within a category. What filters look at is in them, so that a page is read
-- from the index alone.
create index service_search_newest on service_search (created_at desc, service_id desc)
    include (price_hundredths, rating, duration_minutes, is_verified);
create index service_search_price on service_search (price_hundredths, service_id)
    include (rating, duration_minutes, is_verified);
create index service_search_rating on service_search (rating_rank desc, service_id desc)
    include (price_hundredths, rating, duration_minutes, is_verified);
create index service_search_popular on service_search (popularity desc, service_id desc)
    include (price_hundredths, rating, duration_minutes, is_verified);
create index service_search_category_newest on service_search (category_id, created_at desc, service_id desc)
    include (price_hundredths, rating, duration_minutes, is_verified);
create index service_search_category_price on service_search (category_id, price_hundredths, service_id)
    include (rating, duration_minutes, is_verified);
create index service_search_category_rating on service_search (category_id, rating_rank desc, service_id desc)
    include (price_hundredths, rating, duration_minutes, is_verified);
create index service_search_category_popular on service_search (category_id, popularity desc, service_id desc)
    include (price_hundredths, rating, duration_minutes, is_verified);

-- The row of a service as it has to be; none where nobody but its owner may see it.
create view service_search_source as
select s.id as service_id, s.provider_id, s.category_id, s.created_at,
       search_hundredths(s.price_minor, s.currency) as price_hundredths,
       coalesce(s.latitude, p.latitude) as latitude, coalesce(s.longitude, p.longitude) as longitude,
       search_position(coalesce(s.latitude, p.latitude), coalesce(s.longitude, p.longitude)) as position,
       search_chord(s.service_radius_km) as reach,
       case when s.rating_count = 0 then 0 else s.rating_sum::real / s.rating_count end as rating,
       search_rating_rank(s.rating_sum, s.rating_count) as rating_rank,
       s.popularity, s.duration_minutes, p.is_verified,
       s.title, s.description, s.translations, u.name as provider_name,
       concat_ws(' ', u.name, p.business_name) as provider_words
  from services s
  join providers p on p.user_id = s.provider_id
  join users u on u.id = s.provider_id
 where s.is_active and u.state = 'active';

-- Services whose words the vocabulary has not learned yet; see search_words.
create table search_unlearned (
    service_id uuid primary key
);

-- Words that services are described with, to guess from what a misspelt one means. A job learns them, so
-- that writers of services never wait for each other here.
create table search_words (
    id        bigint generated always as identity primary key,
    word      text   not null unique,
    -- In about how many services it stands.
    frequency bigint not null
);

-- Brings the rows of some services up to date, words included.
create function search_refresh(ids uuid[]) returns void
    language plpgsql as $$
begin
    delete from service_search d
     where d.service_id = any (ids)
       and not exists (select from service_search_source s where s.service_id = d.service_id);
    insert into service_search (service_id, provider_id, category_id, created_at, price_hundredths, position, reach,
                                rating, rating_rank, popularity, duration_minutes, tier, is_verified, provider_name,
                                words)
    select s.service_id, s.provider_id, s.category_id, s.created_at, s.price_hundredths, s.position, s.reach,
           s.rating, s.rating_rank, s.popularity, s.duration_minutes, coalesce(d.tier, 3), s.is_verified,
           s.provider_name,
           search_words_of(coalesce(d.tier, 3::smallint), s.category_id, s.title, s.description, s.translations,
                           s.provider_words, s.latitude, s.longitude)
      from service_search_source s
      left join service_search d using (service_id)
     where s.service_id = any (ids)
    on conflict (service_id) do update
       set (provider_id, category_id, created_at, price_hundredths, position, reach, rating, rating_rank,
            popularity, duration_minutes, is_verified, provider_name, words)
         = (excluded.provider_id, excluded.category_id, excluded.created_at, excluded.price_hundredths,
            excluded.position, excluded.reach, excluded.rating, excluded.rating_rank, excluded.popularity,
            excluded.duration_minutes, excluded.is_verified, excluded.provider_name, excluded.words);
    insert into search_unlearned select s.service_id from service_search_source s where s.service_id = any (ids)
        on conflict do nothing;
end $$;

create function search_service_changed() returns trigger
    language plpgsql as $$
begin
    perform search_refresh(array[new.id]);
    return null;
end $$;
create trigger service_search_insert after insert on services
    for each row when (new.is_active) execute function search_service_changed();
create trigger service_search_words after update of category_id, title, description, translations, is_active,
                                                    provider_id, latitude, longitude on services
    for each row when ((old.category_id, old.title, old.description, old.translations, old.is_active,
                        old.provider_id, old.latitude, old.longitude)
              is distinct from (new.category_id, new.title, new.description, new.translations, new.is_active,
                        new.provider_id, new.latitude, new.longitude))
    execute function search_service_changed();

-- Numbers alone change often (each review, each run of the popularity job) and touch no words.
create function search_service_numbers_changed() returns trigger
    language plpgsql as $$
begin
    update service_search d
       set (price_hundredths, reach, rating, rating_rank, popularity, duration_minutes)
         = (s.price_hundredths, s.reach, s.rating, s.rating_rank, s.popularity, s.duration_minutes)
      from service_search_source s
     where d.service_id = new.id and s.service_id = new.id;
    return null;
end $$;
create trigger service_search_numbers after update of price_minor, currency, service_radius_km,
                                                      rating_sum, rating_count, duration_minutes, popularity on services
    for each row when ((old.price_minor, old.currency, old.service_radius_km,
                        old.rating_sum, old.rating_count, old.duration_minutes, old.popularity)
              is distinct from (new.price_minor, new.currency, new.service_radius_km,
                        new.rating_sum, new.rating_count, new.duration_minutes, new.popularity))
    execute function search_service_numbers_changed();

create function search_provider_changed() returns trigger
    language plpgsql as $$
begin
    if tg_table_name = 'users' then
        perform search_refresh(array(select id from services where provider_id = new.id order by id));
    else
        perform search_refresh(array(select id from services where provider_id = new.user_id order by id));
    end if;
    return null;
end $$;
create trigger service_search_provider after update of business_name, is_verified, latitude, longitude on providers
    for each row when ((old.business_name, old.is_verified, old.latitude, old.longitude)
              is distinct from (new.business_name, new.is_verified, new.latitude, new.longitude))
    execute function search_provider_changed();
create trigger service_search_person after update of name, state on users
    for each row when (new.is_provider and (old.name, old.state) is distinct from (new.name, new.state))
    execute function search_provider_changed();

-- The unstemmed words of a service in all its languages.
create function search_plain_words(id uuid) returns text[]
    language sql stable
    return (select search_lexemes('search_plain', concat_ws(' ', title, description, provider_words,
                                  (select string_agg(value ->> 'title' || ' ' || (value ->> 'description'), ' ')
                                     from jsonb_each(translations))))
              from service_search_source where service_id = id);

-- Popularities that have been reckoned and not written yet: the job writes them a few at a time, so that
-- nobody who edits a service waits for all of them.
create unlogged table search_popularity (
    service_id uuid primary key,
    popularity real not null
);

-- Puts services into their tiers, so many at a time; says how many it moved.
create function search_assign_tiers(at_most integer) returns bigint
    language plpgsql as $$
declare
    moved bigint;
begin
    with placed as (
        select service_id, wanted
          from (select service_id, tier,
                       case when place <= 1000 then 0 when place <= 11000 then 1 when place <= 111000 then 2
                            else 3 end::smallint as wanted
                  from (select service_id, tier, row_number() over (order by popularity desc, service_id desc) as place
                          from service_search) ranked) all_places
         where tier <> wanted
         order by service_id
         limit at_most
    )
    update service_search d
       set tier = p.wanted,
           words = search_words_of(p.wanted, s.category_id, s.title, s.description, s.translations, s.provider_words,
                                   s.latitude, s.longitude)
      from placed p
      join service_search_source s using (service_id)
     where d.service_id = p.service_id;
    get diagnostics moved = row_count;
    return moved;
end $$;

-- Makes all documents anew, as after a load past the triggers. Indexes are built afterwards, by the
-- definitions that the database itself gives.
create function search_rebuild() returns void
    language plpgsql as $$
declare
    definitions text[];
    definition text;
    index_name text;
begin
    lock table service_search in access exclusive mode;
    select array_agg(pg_get_indexdef(indexrelid)) into definitions
      from pg_index where indrelid = 'service_search'::regclass and not indisprimary;
    for index_name in select indexrelid::regclass::text from pg_index
                       where indrelid = 'service_search'::regclass and not indisprimary loop
        execute 'drop index ' || index_name;
    end loop;
    truncate service_search, search_unlearned, search_words;
    insert into service_search (service_id, provider_id, category_id, created_at, price_hundredths, position, reach,
                                rating, rating_rank, popularity, duration_minutes, tier, is_verified, provider_name,
                                words)
    select service_id, provider_id, category_id, created_at, price_hundredths, position, reach,
           rating, rating_rank, popularity, duration_minutes, tier, is_verified, provider_name,
           search_words_of(tier, category_id, title, description, translations, provider_words, latitude, longitude)
      from (select *, case when place <= 1000 then 0 when place <= 11000 then 1 when place <= 111000 then 2
                           else 3 end::smallint as tier
              from (select *, row_number() over (order by popularity desc, service_id desc) as place
                      from service_search_source) ranked) placed;
    foreach definition in array definitions loop
        execute definition;
    end loop;
    insert into search_words (word, frequency)
    select word, count(*)
      from (select unnest(search_plain_words(service_id)) as word from service_search) words
     group by word;
end $$;
