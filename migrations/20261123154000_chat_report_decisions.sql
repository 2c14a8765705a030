-- What the staff decided on a report, and why.
alter table chat_reports
    add column note text not null default '' check (char_length(note) <= 2000),
    -- Nobody had looked at it in time.
    add column escalated_at timestamptz,
    add constraint chat_reports_decided check ((state = 'open') = (decided_at is null)),
    add constraint chat_reports_decider check ((decided_at is null) = (decided_by is null));
