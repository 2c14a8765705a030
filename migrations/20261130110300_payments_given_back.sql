-- Which credits thanked somebody for a friend's booking, so that they go back with it.
alter table promo_uses add column reward_lot_id uuid references credit_lots;
