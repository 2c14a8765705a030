-- The rank is written when it has moved by a hundredth: a new place in the directory's indexes costs some milliseconds,
-- and the requests of a busy provider, each of which moves it by a thousandth or two, waited for it.
create or replace function search_provider_numbers_changed() returns trigger
    language plpgsql as $$
declare
    its_rank real := search_provider_rank(new.rating_sum, new.rating_count, new.jobs_completed, new.jobs_cancelled,
                                          new.requests_received, new.requests_answered, new.response_minutes_sum);
    its_rating real := case when new.rating_count = 0 then 0 else new.rating_sum::real / new.rating_count end;
begin
    update provider_search
       set rank = its_rank, rating = its_rating
     where provider_id = new.user_id and (rating <> its_rating or abs(rank - its_rank) > 0.01);
    return null;
end $$;
