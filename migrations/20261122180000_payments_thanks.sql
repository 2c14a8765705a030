-- Whether somebody was thanked for a friend's booking: once, even where its money is disputed and won back.
alter table promo_uses add column is_thanked boolean not null default false;
