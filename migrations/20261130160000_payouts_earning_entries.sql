-- What was earned, posting by posting, in the period of each: written once, so that a month that is over never changes.
create table earning_entries (
    -- Of what went back: the id of the refund or the dispute.
    id            uuid        primary key,
    provider_id   uuid        not null references providers (user_id),
    currency      text        not null check (currency ~ '^[A-Z]{3}$'),
    kind          text        not null check (kind in ('earning', 'tip', 'refund')),
    booking_id    uuid        not null,
    service_title text        not null,
    is_cash       boolean     not null,
    -- Whether a job is counted with it: one that is paid in parts is counted once.
    is_first      boolean     not null,
    -- What the customer paid; below zero, what went back to them.
    gross_minor   bigint      not null,
    -- Our share of it.
    fees_minor    bigint      not null,
    posted_at     timestamptz not null,
    -- In which order, within an instant.
    seq           bigint      generated always as identity,
    check (case kind when 'refund' then gross_minor < 0 else gross_minor >= 0 end)
);
create index earning_entries_provider on earning_entries (provider_id, currency, posted_at);
create unique index earning_entries_first on earning_entries (booking_id) where is_first;

insert into earning_entries
    select booking_id, provider_id, currency, 'earning', booking_id, service_title, is_cash, true, gross_minor,
           fees_minor, earned_at
      from earnings
    union all
    select r.id, r.provider_id, r.currency, 'refund', r.booking_id, e.service_title, e.is_cash, false, -r.gross_minor,
           -r.fees_minor, r.reversed_at
      from earning_reversals r join earnings e on e.booking_id = r.booking_id
    union all
    select payment_id, provider_id, currency, 'tip', booking_id, service_title, false, false, amount_minor, 0, earned_at
      from tips
    union all
    select r.id, r.provider_id, r.currency, 'refund', t.booking_id, t.service_title, false, false, -r.amount_minor, 0,
           r.reversed_at
      from tip_reversals r join tips t on t.payment_id = r.payment_id;

create function earning_entries_refuse() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = 'earnings are posted once';
end $$;
create trigger earning_entries_once before update or delete on earning_entries
    for each row execute function earning_entries_refuse();
create trigger earning_entries_kept before truncate on earning_entries execute function earning_entries_refuse();

-- The sum of the entries, for profiles that show it without adding them up.
create table provider_earnings (
    provider_id uuid   not null references providers (user_id),
    currency    text   not null,
    net_minor   bigint not null,
    primary key (provider_id, currency)
);
insert into provider_earnings
    select provider_id, currency, sum(gross_minor - fees_minor) from earning_entries group by 1, 2;

-- What a provider has earned in a currency, after our share and without what went back.
create function provider_net_earnings(provider uuid, code text) returns bigint language sql stable as $$
    select coalesce((select net_minor from provider_earnings where provider_id = provider and currency = code), 0)
$$;

-- It counted prices of jobs, paid or not, in whatever currency.
alter table providers drop column total_earnings_minor;
