-- The sign-in that registered a device: when it ends, the device is told nothing any more.
alter table notification_devices add column session_id uuid;
update notification_devices d
   set session_id = (select s.id from sessions s where s.user_id = d.user_id order by s.ended_at is null desc, s.id desc limit 1);
