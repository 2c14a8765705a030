-- Writes several events with the same body into logs at once, in the caller's transaction: the event of the kind at some
-- place of `kinds` into the log of the person at that place of `people`, who may be there more than once and hears them in
-- this order. A log's head is written once. Heads are locked in the order of ids, as `append_event` does.
create function append_kinds(people uuid[], kinds text[], happened timestamptz, body jsonb) returns void
    language plpgsql as $$
begin
    with given as (
        select g.person, g.kind, g.place from unnest(people, kinds) with ordinality g (person, kind, place)
    ), heads as (
        insert into user_streams as s (user_id, head)
        select g.person, count(*) from given g group by g.person order by g.person
        on conflict (user_id) do update set head = s.head + excluded.head
        returning s.user_id, s.head
    )
    insert into user_events (user_id, id, kind, at, data)
    select g.person,
           h.head - count(*) over (partition by g.person) + row_number() over (partition by g.person order by g.place),
           g.kind, happened, body
      from given g join heads h on h.user_id = g.person;
end
$$;
