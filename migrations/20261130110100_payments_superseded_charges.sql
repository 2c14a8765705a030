-- Charges of which a gateway does not say what became of them, and whose payer has tried again meanwhile: whatever comes
-- of them goes back, and they keep nobody from another try.
alter table payment_operations add column is_superseded boolean not null default false;

drop index payment_operations_one_charge;
create unique index payment_operations_one_charge on payment_operations (coalesce(installment_id, payment_id))
    where task = 'charge' and state <> 'declined' and not is_superseded;
