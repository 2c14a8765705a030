-- What staff have done, one row for each act, written in the transaction of the act. It names people by their ids only,
-- and points at nobody's row: what was done stays, whoever goes.
create table audit_log (
    id           uuid primary key,
    at           timestamptz not null,
    -- Nobody: whoever holds the machine, at its console.
    actor_id     uuid,
    role         text not null check (role in ('support', 'moderator', 'finance', 'superuser', 'console')),
    action       text not null check (action ~ '^[a-z_]+\.[a-z_]+$'),
    subject_type text not null check (subject_type ~ '^[a-z_]+$'),
    subject_id   text not null,
    reason       text,
    details      jsonb not null default '{}' check (jsonb_typeof(details) = 'object'),
    request_id   text,
    constraint audit_log_actor check ((actor_id is null) = (role = 'console'))
);
create index audit_log_by_actor on audit_log (actor_id, id);
create index audit_log_by_subject on audit_log (subject_type, subject_id, id);
create index audit_log_by_action on audit_log (action, id);

create function audit_log_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is only ever added to' using errcode = 'restrict_violation';
end
$$;
create trigger audit_log_once before update or delete on audit_log
    for each row execute function audit_log_refuse();
create trigger audit_log_kept before truncate on audit_log execute function audit_log_refuse();
