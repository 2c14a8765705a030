-- The words of messages as staff changed them, version by version. The newest of a template and language counts.
create table notification_wordings (
    template    text        not null,
    language    text        not null check (language in ('en', 'de', 'it')),
    version     integer     not null check (version > 0),
    -- In the syntax of locales/; null where the words of the catalogue count again.
    title       text        check (char_length(title) between 1 and 120),
    body        text        check (char_length(body) between 1 and 1000),
    -- Why.
    note        text        check (char_length(note) <= 500),
    -- The version that it is a copy of; 0 is the catalogue.
    reverted_to integer     check (reverted_to between 0 and version - 1),
    created_by  uuid        not null references users,
    created_at  timestamptz not null,
    primary key (template, language, version),
    check ((title is null) = (body is null)),
    check (title is not null or reverted_to is not null)
);

create function notification_wordings_refuse() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = 'versions are written once';
end $$;
create trigger notification_wordings_once before update or delete on notification_wordings
    for each row execute function notification_wordings_refuse();
create trigger notification_wordings_kept before truncate on notification_wordings
    execute function notification_wordings_refuse();
