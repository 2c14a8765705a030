-- How much of a charge its payer's bank has taken back: what is disputed cannot go back a second time, and what has gone
-- back cannot be taken from the provider a second time.
alter table payment_operations
    add column disputed_minor bigint not null default 0,
    add constraint payment_operations_disputed
        check (disputed_minor >= 0 and refunded_minor + disputed_minor <= amount_minor);
