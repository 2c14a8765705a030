-- What people are told, live: one ordered log per person, numbered without gaps, kept for seven days.

create table user_streams (
    user_id uuid   primary key references users on delete cascade,
    -- The number of the newest event.
    head    bigint not null check (head > 0)
) with (fillfactor = 70);

create table user_events (
    user_id uuid        not null references users on delete cascade,
    id      bigint      not null,
    kind    text        not null,
    at      timestamptz not null,
    data    jsonb       not null,
    primary key (user_id, id)
);
create index user_events_at on user_events using brin (at);

-- Writes one event into the log of each of these people, in the caller's transaction, and says under which numbers.
-- Heads are locked in the order of ids, so that two writers never wait for each other in a circle.
create function append_event(people uuid[], event_kind text, happened timestamptz, body jsonb)
    returns table (person uuid, number bigint)
    language plpgsql as $$
begin
    return query
    with heads as (
        insert into user_streams as s (user_id, head)
        select distinct p, 1 from unnest(people) p order by p
        on conflict (user_id) do update set head = s.head + 1
        returning s.user_id, s.head
    )
    insert into user_events as e (user_id, id, kind, at, data)
    select h.user_id, h.head, event_kind, happened, body from heads h
    returning e.user_id, e.id;
end
$$;
