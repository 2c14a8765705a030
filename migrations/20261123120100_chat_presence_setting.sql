-- Whether somebody lets others see that they are here stands with their stream, where every connection looks.
insert into user_streams (user_id, head, is_hidden)
select user_id, 0, true from chat_settings where not shows_presence
on conflict (user_id) do update set is_hidden = true;
alter table chat_settings drop column shows_presence;
