-- Push notifications stay in the outbox, too, where there is no push service.
alter table dev_outbox drop constraint dev_outbox_channel_check;
alter table dev_outbox add constraint dev_outbox_channel_check check (channel in ('mail', 'sms', 'push'));
