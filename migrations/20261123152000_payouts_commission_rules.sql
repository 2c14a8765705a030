-- Rules for our share, as finance makes them: each has an author, may begin later, and ends instead of being changed.

-- A rule is named by an id like everything else; the order of ids is still that of age.
alter table commission_rules add column named uuid;
update commission_rules set named = ('00000000-0000-7000-8000-' || lpad(to_hex(id), 12, '0'))::uuid;
alter table commission_rules drop column id;
alter table commission_rules rename column named to id;

alter table commission_rules
    add primary key (id),
    -- From when on bookings fall under it; never earlier than it was written, lest it change what was agreed.
    add column starts_at  timestamptz,
    -- Null: by hand, in the database.
    add column created_by uuid references users,
    add column ended_by   uuid references users;
update commission_rules set starts_at = created_at;
alter table commission_rules
    alter column starts_at set not null,
    drop constraint commission_rules_check1,
    add constraint commission_rules_starts check (created_at <= starts_at),
    add constraint commission_rules_ends check (starts_at <= ended_at);

create function commission_rules_refuse() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = 'a rule is not changed: it ends, and another one begins';
end $$;
-- Only its end is written later, and only moved closer.
create trigger commission_rules_once before update on commission_rules for each row
    when ((old.id, old.category_id, old.provider_id, old.currency, old.bps, old.fixed_minor, old.minimum_minor, old.created_at,
           old.starts_at, old.created_by)
          is distinct from
          (new.id, new.category_id, new.provider_id, new.currency, new.bps, new.fixed_minor, new.minimum_minor, new.created_at,
           new.starts_at, new.created_by)
          or old.ended_at is not null and (new.ended_at is null or new.ended_at > old.ended_at))
    execute function commission_rules_refuse();
create trigger commission_rules_kept before delete on commission_rules
    for each row execute function commission_rules_refuse();
