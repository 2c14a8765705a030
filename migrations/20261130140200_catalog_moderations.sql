-- What moderators did to services of others, and why; as the provider was told it.
create table service_moderations (
    id           uuid        primary key,
    service_id   uuid        not null references services,
    kind         text        not null check (kind in ('edited', 'image_removed', 'withdrawn')),
    reason       text        not null,
    moderator_id uuid        not null references users,
    at           timestamptz not null
);
create index service_moderations_service on service_moderations (service_id, id);
