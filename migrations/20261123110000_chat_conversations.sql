-- Talking to each other: conversations of two people, their messages, what is reported and filed away.

create table conversations (
    id              uuid        primary key,
    customer_id     uuid        not null references users,
    provider_id     uuid        not null references users,
    -- The one that it is about, if it is about one.
    booking_id      uuid        references bookings,
    -- Who began it; beginning many is limited.
    started_by      uuid        not null references users,
    -- The number of the newest message; messages are numbered from 1 without gaps.
    last_seq        bigint      not null default 0,
    -- Orders lists: when the newest message came, at first when the conversation began.
    last_message_at timestamptz not null,
    created_at      timestamptz not null,
    check (customer_id <> provider_id)
) with (fillfactor = 80);
-- One of two people, and one more of each booking.
create unique index conversations_pair on conversations
    (least(customer_id, provider_id), greatest(customer_id, provider_id), booking_id) nulls not distinct;
create index conversations_customer on conversations (customer_id, last_message_at desc, id desc);
create index conversations_provider on conversations (provider_id, last_message_at desc, id desc);
create index conversations_booking on conversations (booking_id) where booking_id is not null;
create index conversations_started on conversations (started_by, created_at) where booking_id is null;

-- How far each of the two is, and how they want to see it.
create table conversation_members (
    conversation_id uuid    not null references conversations on delete cascade,
    user_id         uuid    not null references users,
    other_id        uuid    not null references users,
    -- The newest message that reached one of their devices, and the newest that they have read; they only grow.
    delivered_seq   bigint  not null default 0,
    read_seq        bigint  not null default 0,
    -- Archived until a newer message than this comes.
    archived_seq    bigint,
    is_pinned       boolean not null default false,
    muted_until     timestamptz,
    primary key (conversation_id, user_id),
    check (read_seq <= delivered_seq)
) with (fillfactor = 80);
create index conversation_members_user on conversation_members (user_id, other_id);

create table messages (
    id                uuid        primary key,
    conversation_id   uuid        not null references conversations on delete cascade,
    seq               bigint      not null check (seq > 0),
    -- Nobody, where the house says something.
    sender_id         uuid        references users,
    kind              text        not null check (kind in ('text', 'system', 'location', 'booking_card')),
    content           text        not null check (char_length(content) <= 5000),
    -- What belongs to its kind: {"latitude", "longitude"}, {"booking_id"}, {"event", "booking_id"}.
    data              jsonb,
    reply_to          uuid,
    client_message_id text        not null check (char_length(client_message_id) <= 100),
    -- Contact details were taken out of it.
    is_masked         boolean     not null default false,
    created_at        timestamptz not null,
    edited_at         timestamptz,
    deleted_at        timestamptz,
    check ((kind = 'system') = (sender_id is null))
);
create unique index messages_seq on messages (conversation_id, seq);
-- A message that is sent again is the same message.
create unique index messages_once on messages (conversation_id, sender_id, client_message_id) nulls not distinct;
create index messages_sender on messages (sender_id) where deleted_at is null;

-- What a message said before it was edited or taken back: for moderators only.
create table message_originals (
    id          bigint      generated always as identity primary key,
    message_id  uuid        not null references messages on delete cascade,
    content     text        not null,
    data        jsonb,
    replaced_at timestamptz not null
);
create index message_originals_message on message_originals (message_id);

create table message_reactions (
    message_id uuid        not null references messages on delete cascade,
    user_id    uuid        not null references users,
    key        text        not null check (char_length(key) between 1 and 16),
    created_at timestamptz not null,
    primary key (message_id, user_id, key)
);

-- Files that people send each other. They have no message while they wait to be sent.
create table chat_media (
    id              uuid        primary key,
    owner_id        uuid        not null references users,
    conversation_id uuid        references conversations on delete set null,
    message_id      uuid        references messages on delete set null,
    -- Its place in the message.
    position        smallint,
    kind            text        not null check (kind in ('image', 'document', 'audio', 'video')),
    content_type    text        not null,
    file_name       text        not null,
    size_bytes      bigint      not null,
    width           integer,
    height          integer,
    blurhash        text,
    duration_ms     integer,
    -- Where its files are; the name says nothing.
    storage_key     text        not null unique,
    created_at      timestamptz not null,
    check (message_id is null or conversation_id is not null)
);
create index chat_media_message on chat_media (message_id) where message_id is not null;
create index chat_media_orphans on chat_media (created_at) where message_id is null;

-- What each person lets others see. Whoever has no row shows both.
create table chat_settings (
    user_id              uuid    primary key references users on delete cascade,
    shows_read_receipts  boolean not null,
    shows_presence       boolean not null
);

-- What people, or the filter of words, bring before the staff.
create table chat_reports (
    id              uuid        primary key,
    conversation_id uuid        not null references conversations,
    message_id      uuid,
    -- Nobody: the filter.
    reporter_id     uuid        references users,
    reported_id     uuid        not null references users,
    reason          text        not null check (reason in
                    ('spam', 'harassment', 'fraud', 'off_platform_payment', 'inappropriate', 'other', 'filter')),
    details         text        not null default '' check (char_length(details) <= 2000),
    -- The messages as they were, oldest first.
    evidence        jsonb       not null,
    state           text        not null default 'open' check (state in ('open', 'upheld', 'rejected')),
    -- Somebody has to have looked at it by then.
    due_at          timestamptz not null,
    created_at      timestamptz not null,
    decided_at      timestamptz,
    decided_by      uuid        references users
);
create index chat_reports_open on chat_reports (due_at) where state = 'open';
create index chat_reports_conversation on chat_reports (conversation_id);
-- Reporting twice is reporting once.
create unique index chat_reports_once on chat_reports (conversation_id, reporter_id) where state = 'open' and reporter_id is not null;

-- A message as it is shown: with its sender, its reactions and its files.
create view shown_messages as
select m.id, m.conversation_id, m.seq, m.kind, m.sender_id, u.name as sender_name,
       u.profile_image as sender_profile_image, m.content, m.data, m.reply_to, m.client_message_id, m.is_masked,
       m.created_at, m.edited_at, m.deleted_at,
       coalesce((select jsonb_object_agg(r.key, r.people)
                   from (select key, jsonb_agg(user_id order by created_at, user_id) as people
                           from message_reactions where message_id = m.id group by key) r), '{}') as reactions,
       coalesce((select jsonb_agg(jsonb_build_object('id', f.id, 'kind', f.kind, 'content_type', f.content_type,
                            'file_name', f.file_name, 'size_bytes', f.size_bytes, 'width', f.width, 'height', f.height,
                            'blurhash', f.blurhash, 'duration_ms', f.duration_ms) order by f.position)
                   from chat_media f where f.message_id = m.id and m.deleted_at is null), '[]') as media
  from messages m
  left join users u on u.id = m.sender_id;

-- Whether these two have a booking that is still to come or under way, or where money is disputed: then they must be
-- able to talk.
create function has_open_booking(customer uuid, provider uuid) returns boolean
    language sql stable as $$
    select exists (select from bookings
                    where (customer_id, provider_id) in ((customer, provider), (provider, customer))
                      and state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress', 'disputed'))
$$;

-- Whether these two have ever agreed on a booking: then they may know how to reach each other.
create function has_agreed_booking(customer uuid, provider uuid) returns boolean
    language sql stable as $$
    select exists (select from bookings
                    where (customer_id, provider_id) in ((customer, provider), (provider, customer))
                      and state in ('confirmed', 'in_progress', 'completed', 'disputed',
                                    'no_show_customer', 'no_show_provider'))
$$;
