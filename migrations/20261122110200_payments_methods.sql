-- Who people are to gateways, and the methods that they keep there. Card numbers never come here.
create table payers (
    user_id   uuid not null references users,
    gateway   text not null check (gateway in ('sandbox', 'stripe', 'paypal')),
    reference text not null,
    primary key (user_id, gateway)
);

create table payment_methods (
    id         uuid        primary key,
    user_id    uuid        not null,
    gateway    text        not null,
    -- The gateway's name for it.
    reference  text        not null,
    kind       text        not null,
    brand      text,
    last4      text,
    exp_month  smallint,
    exp_year   smallint,
    is_default boolean     not null,
    created_at timestamptz not null,
    foreign key (user_id, gateway) references payers,
    constraint payment_methods_reference unique (gateway, reference)
);
create index payment_methods_user on payment_methods (user_id, id);
create unique index payment_methods_one_default on payment_methods (user_id) where is_default;
