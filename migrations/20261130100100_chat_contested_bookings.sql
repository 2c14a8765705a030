-- People whose booking is disputed must be able to talk; so must those of whom one is said not to have come.
create or replace function has_open_booking(customer uuid, provider uuid) returns boolean
    language sql stable as $$
    select exists (select from bookings
                    where (customer_id, provider_id) in ((customer, provider), (provider, customer))
                      and (state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress', 'disputed')
                           or contest_until is not null))
$$;
