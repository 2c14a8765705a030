-- When somebody last opened their list of notifications: what is older was seen, read or not.
create table notification_views (
    user_id uuid        primary key references users on delete cascade,
    seen_at timestamptz not null
);
