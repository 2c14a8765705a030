-- Who does not want others to see that they are here, also before anything was ever told to them.
alter table user_streams add column is_hidden boolean not null default false;
alter table user_streams drop constraint user_streams_head_check;
alter table user_streams add constraint user_streams_head_check check (head >= 0);
