-- How much of a booking was paid and has not gone back.
alter table bookings add column paid_minor bigint not null default 0 check (paid_minor between 0 and total_minor);
update bookings set paid_minor = total_minor where payment_status = 'paid';
