-- How many times somebody holds without having paid is counted for each new one.
create index bookings_unpaid on bookings (customer_id, provider_id) where state = 'awaiting_payment';

-- Bookings of one person that have to be paid wait here for each other, so that none is counted too late. Always taken
-- after the calendar's lock.
create function lock_holds(customer uuid) returns boolean language sql volatile as $$
    select pg_advisory_xact_lock(hashtextextended('holds ' || customer, 0))::text = ''
$$;
