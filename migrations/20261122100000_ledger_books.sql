-- The books: money moves here and nowhere else. Transactions of balanced entries on accounts, holds on what is
-- about to move, and the chain that seals what was posted. Only balances ever change; all else is written once.

-- An account is what it is for, whose it is and of which currency; its id is derived from these (ledger/src/account.rs).
create table ledger_accounts (
    id              uuid     primary key,
    purpose         text     not null,
    -- A person, a booking or a payment; null: the platform itself.
    owner           uuid,
    -- What tells apart several accounts of one owner and purpose: a lot of credits, a gateway, a country.
    part            text     not null,
    currency        text     not null check (currency ~ '^[A-Z]{3}$'),
    normal_side     text     not null check (normal_side in ('debit', 'credit')),
    may_be_negative boolean  not null,
    -- Whether each entry moves the balance at once. Accounts that every booking posts to do not, lest all bookings
    -- wait for one row: their balance is that of their sealed entries.
    is_shared       boolean  not null,
    -- In the natural sign: what a customer owns and what a gateway owes us are both positive.
    balance         bigint   not null default 0,
    -- How much of the balance is held.
    held            bigint   not null default 0 check (held >= 0),
    -- How many entries made the balance; the next one gets the next number.
    entries         bigint   not null default 0,
    constraint ledger_accounts_funds check (may_be_negative or balance >= held),
    constraint ledger_accounts_shared check (not is_shared or may_be_negative and held = 0)
) with (fillfactor = 80);
create index ledger_accounts_owner on ledger_accounts (owner, purpose);

create table ledger_transactions (
    id        uuid        primary key,
    -- Names what is done, so that it is done once.
    operation text        not null unique check (length(operation) between 1 and 200),
    kind      text        not null,
    -- What it is about: a booking, a payment.
    subject   uuid,
    posted_at timestamptz not null
);

create table ledger_entries (
    account_id     uuid   not null,
    -- Its number on its account; on shared accounts only the order counts.
    number         bigint not null,
    transaction_id uuid   not null,
    currency       text   not null,
    -- Credits are positive, debits negative: what a transaction takes it also gives.
    amount         bigint not null check (amount <> 0),
    -- In the natural sign of the account; null on shared accounts.
    balance_after  bigint,
    primary key (account_id, number)
);
create index ledger_entries_transaction on ledger_entries (transaction_id);
create sequence ledger_shared_numbers;

-- An amount that may move and is not to be spent otherwise, until it is posted (in whole or in part), voided or expired.
create table ledger_holds (
    id           uuid        primary key,
    operation    text        not null unique check (length(operation) between 1 and 200),
    kind         text        not null,
    subject      uuid,
    from_account uuid        not null,
    to_account   uuid        not null references ledger_accounts,
    currency     text        not null,
    amount       bigint      not null check (amount > 0),
    created_at   timestamptz not null,
    expires_at   timestamptz
);

-- How a hold ended: at most once, says the primary key.
create table ledger_hold_ends (
    hold_id        uuid        primary key references ledger_holds,
    outcome        text        not null check (outcome in ('posted', 'voided', 'expired')),
    transaction_id uuid        unique references ledger_transactions deferrable initially deferred,
    ended_at       timestamptz not null,
    check ((outcome = 'posted') = (transaction_id is not null))
);

-- Transactions that the chain has not reached yet; see ledger/src/chain.rs.
create table ledger_unsealed (
    transaction_id uuid primary key
);
create table ledger_seals (
    position       bigint primary key check (position > 0),
    transaction_id uuid   not null unique,
    hash           bytea  not null check (length(hash) = 32)
);

-- What is on each account now: those of shared accounts are the balance up to the last seal and what came since. The
-- offset keeps PostgreSQL from reading all entries of the account to find those few.
create view ledger_balances as
select a.id, a.purpose, a.owner, a.part, a.currency, a.held,
       a.balance + case when not a.is_shared then 0 else (
           select coalesce(sum(case a.normal_side when 'credit' then e.amount else -e.amount end), 0)::bigint
             from ledger_unsealed u
            cross join lateral (select amount from ledger_entries e
                                 where e.transaction_id = u.transaction_id and e.account_id = a.id offset 0) e
       ) end as balance
  from ledger_accounts a;

-- Posts a transaction in one round trip; false where the operation was posted before, and then nothing is done.
-- The legs are one array each, one element an account. Rows are locked in the order of their ids, whatever is posted,
-- so that no two postings wait for each other; accounts that do not exist yet are opened before anything is locked.
create function ledger_post(
    transaction_id uuid, operation text, kind text, subject uuid, posted_at timestamptz,
    ids uuid[], purposes text[], owners uuid[], parts text[], currencies text[], normal_sides text[],
    may_be_negative boolean[], is_shared boolean[], amounts bigint[]
) returns boolean language plpgsql
-- With the arrays' lengths at hand, each call would be planned anew.
set plan_cache_mode = force_generic_plan
set ledger.posting = on as $$
#variable_conflict use_column
declare
    is_new boolean;
begin
    with posted as (
        insert into ledger_transactions (id, operation, kind, subject, posted_at)
        values (ledger_post.transaction_id, ledger_post.operation, ledger_post.kind, ledger_post.subject,
                ledger_post.posted_at)
        on conflict (operation) do nothing
        returning id
    ), queued as (
        insert into ledger_unsealed select id from posted
    ), opened as (
        insert into ledger_accounts (id, purpose, owner, part, currency, normal_side, may_be_negative, is_shared)
        select leg.id, leg.purpose, leg.owner, leg.part, leg.currency, leg.side, leg.may_be_negative, leg.is_shared
          from posted, unnest(ids, purposes, owners, parts, currencies, normal_sides, ledger_post.may_be_negative,
                              ledger_post.is_shared)
                    as leg (id, purpose, owner, part, currency, side, may_be_negative, is_shared)
         where not exists (select from ledger_accounts a where a.id = leg.id)
         order by leg.id
        on conflict (id) do nothing
    )
    select exists (select from posted) into is_new;
    if not is_new then
        return false;
    end if;

    -- One row is locked by its update.
    if cardinality(array_positions(ledger_post.is_shared, false)) > 1 then
        perform from ledger_accounts a
          where a.id = any (ids) and not a.is_shared
          order by a.id for no key update;
    end if;
    with leg as materialized (
        select * from unnest(ids, currencies, amounts, ledger_post.is_shared) as leg (id, currency, amount, is_shared)
    ), moved as (
        update ledger_accounts a
           set balance = a.balance + case a.normal_side when 'credit' then leg.amount else -leg.amount end,
               entries = a.entries + 1
          from leg
         where a.id = leg.id and not leg.is_shared
        returning a.id, a.entries, leg.currency, leg.amount, a.balance
    )
    insert into ledger_entries (account_id, number, transaction_id, currency, amount, balance_after)
    select id, entries, ledger_post.transaction_id, currency, amount, balance
      from moved
    union all
    select id, nextval('ledger_shared_numbers'), ledger_post.transaction_id, currency, amount, null
      from leg
     where is_shared;
    return true;
end $$;

-- Looked at when the database transaction commits: a transaction has entries, and they add up to nothing.
create function ledger_check_balanced() returns trigger language plpgsql as $$
begin
    if coalesce((select bool_or(sum <> 0) from (select sum(amount) from ledger_entries
                  where transaction_id = new.id group by currency) by_currency), true) then
        raise check_violation using constraint = 'ledger_transactions_balanced',
            message = 'the entries of a transaction must add up to nothing in each currency';
    end if;
    return null;
end $$;
create constraint trigger ledger_transactions_balanced after insert on ledger_transactions
    deferrable initially deferred for each row execute function ledger_check_balanced();

create function ledger_hold() returns trigger language plpgsql as $$
begin
    update ledger_accounts set held = held + new.amount where id = new.from_account and currency = new.currency;
    if not found then
        raise check_violation using constraint = 'ledger_accounts_funds', message = 'there is nothing to hold';
    end if;
    return null;
end $$;
create trigger ledger_holds_hold after insert on ledger_holds for each row execute function ledger_hold();

create function ledger_release() returns trigger language plpgsql as $$
begin
    update ledger_accounts a set held = a.held - h.amount
      from ledger_holds h
     where h.id = new.hold_id and a.id = h.from_account;
    return null;
end $$;
create trigger ledger_hold_ends_release after insert on ledger_hold_ends
    for each row execute function ledger_release();

-- Entries move balances, and are never added to a transaction later: `ledger_post` alone writes them. There are no foreign
-- keys on them, which would lock the rows of shared accounts.
create function ledger_refuse_entries() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = 'entries are written by ledger_post alone';
end $$;
create trigger ledger_entries_posted before insert on ledger_entries
    for each statement when (current_setting('ledger.posting', true) is distinct from 'on')
    execute function ledger_refuse_entries();

-- Nothing that was written is changed or taken away, whoever asks.
create function ledger_refuse() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = format('%s on %s: the books are written once', tg_op, tg_table_name);
end $$;

create trigger ledger_transactions_once before update or delete on ledger_transactions
    for each row execute function ledger_refuse();
create trigger ledger_entries_once before update or delete on ledger_entries
    for each row execute function ledger_refuse();
create trigger ledger_holds_once before update or delete on ledger_holds
    for each row execute function ledger_refuse();
create trigger ledger_hold_ends_once before update or delete on ledger_hold_ends
    for each row execute function ledger_refuse();
create trigger ledger_seals_once before update or delete on ledger_seals
    for each row execute function ledger_refuse();
create trigger ledger_accounts_once before delete on ledger_accounts
    for each row execute function ledger_refuse();
create trigger ledger_accounts_identity
    before update of id, purpose, owner, part, currency, normal_side, may_be_negative, is_shared on ledger_accounts
    for each row execute function ledger_refuse();
-- A balance moves with an entry, or not at all. Those of shared accounts are carried forward by the chain.
create trigger ledger_accounts_balance before update on ledger_accounts
    for each row when (not old.is_shared and new.balance <> old.balance and new.entries <> old.entries + 1)
    execute function ledger_refuse();

create trigger ledger_transactions_kept before truncate on ledger_transactions execute function ledger_refuse();
create trigger ledger_entries_kept before truncate on ledger_entries execute function ledger_refuse();
create trigger ledger_holds_kept before truncate on ledger_holds execute function ledger_refuse();
create trigger ledger_hold_ends_kept before truncate on ledger_hold_ends execute function ledger_refuse();
create trigger ledger_seals_kept before truncate on ledger_seals execute function ledger_refuse();
create trigger ledger_accounts_kept before truncate on ledger_accounts execute function ledger_refuse();
