-- Writes several events into logs at once, in the caller's transaction: the event with the body at some place of
-- `bodies` into the log of the person at that place of `people`, who may be there more than once. Says under which
-- numbers; rows come in no order. Heads are locked in the order of ids, as `append_event` does.
create function append_events(people uuid[], event_kind text, happened timestamptz, bodies jsonb[])
    returns table (place bigint, number bigint)
    language plpgsql as $$
begin
    return query
    with given as (
        select g.person, g.body, g.place from unnest(people, bodies) with ordinality g (person, body, place)
    ), heads as (
        insert into user_streams as s (user_id, head)
        select g.person, count(*) from given g group by g.person order by g.person
        on conflict (user_id) do update set head = s.head + excluded.head
        returning s.user_id, s.head
    ), numbered as (
        select g.person, g.body, g.place,
               h.head - count(*) over (partition by g.person)
                      + row_number() over (partition by g.person order by g.place) as number
          from given g join heads h on h.user_id = g.person
    ), written as (
        insert into user_events (user_id, id, kind, at, data)
        select n.person, n.number, event_kind, happened, n.body from numbered n
    )
    select n.place, n.number from numbered n;
end
$$;
