-- Members of staff in conversations of two people: they join where both can see it.
create table conversation_staff (
    id              bigint      generated always as identity primary key,
    conversation_id uuid        not null references conversations on delete cascade,
    user_id         uuid        not null references users,
    -- Why, for the record.
    reason          text        not null check (char_length(reason) between 1 and 500),
    joined_at       timestamptz not null,
    -- When they last wrote, at first when they joined.
    active_at       timestamptz not null,
    left_at         timestamptz
);
-- Nobody is inside twice.
create unique index conversation_staff_inside on conversation_staff (conversation_id, user_id) where left_at is null;

-- Whether a member of staff wrote it.
alter table messages add column is_staff boolean not null default false;

create or replace view shown_messages as
select m.id, m.conversation_id, m.seq, m.kind, m.sender_id, u.name as sender_name,
       u.profile_image as sender_profile_image, m.content, m.data, m.reply_to, m.client_message_id, m.is_masked,
       m.created_at, m.edited_at, m.deleted_at,
       coalesce((select jsonb_object_agg(r.key, r.people)
                   from (select key, jsonb_agg(user_id order by created_at, user_id) as people
                           from message_reactions where message_id = m.id group by key) r), '{}') as reactions,
       coalesce((select jsonb_agg(jsonb_build_object('id', f.id, 'kind', f.kind, 'content_type', f.content_type,
                            'file_name', f.file_name, 'size_bytes', f.size_bytes, 'width', f.width, 'height', f.height,
                            'blurhash', f.blurhash, 'duration_ms', f.duration_ms) order by f.position)
                   from chat_media f where f.message_id = m.id and m.deleted_at is null), '[]') as media,
       m.is_staff
  from messages m
  left join users u on u.id = m.sender_id;
