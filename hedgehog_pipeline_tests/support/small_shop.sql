-- A shop with one row of everything; every stamp is 9:30 on Monday, 1 June 2026.

create function pg_temp.opened() returns timestamp language sql
    as $$ select timestamp '2026-06-01 09:30:00.123' $$;

insert into address values
    (1, '1 Mill Lane', null, 'Holbeck', 'Leeds', 'LS1 1AA', 'England', '0113 496 0000',
     pg_temp.opened(), pg_temp.opened());
insert into currency values (1, 'GBP', pg_temp.opened(), pg_temp.opened());
insert into department values
    (1, 'Sales', 'Manchester', 'Richard Roma', pg_temp.opened(), pg_temp.opened());
insert into design values
    (1, pg_temp.opened(), 'Wooden', '/lib', 'wooden-20260101-abcd.json', pg_temp.opened());
insert into payment_type values
    (1, 'SALES_RECEIPT', pg_temp.opened(), pg_temp.opened()),
    (3, 'PURCHASE_PAYMENT', pg_temp.opened(), pg_temp.opened());
insert into counterparty values
    (1, 'Fahey and Sons', 1, 'Micheal Toy', null, pg_temp.opened(), pg_temp.opened());
insert into staff values
    (1, 'Jeremie', 'Franey', 1, 'jeremie.franey@terrifictotes.com', pg_temp.opened(),
     pg_temp.opened());
insert into sales_order values
    (1, pg_temp.opened(), pg_temp.opened(), 1, 1, 1, 1500, 2.43, 1, '2026-06-08', '2026-06-05', 1);
insert into purchase_order values
    (1, pg_temp.opened(), pg_temp.opened(), 1, 1, 'ZDOI5EA', 371, 361.39, 1, '2026-06-09',
     '2026-06-07', 1);
insert into transaction values
    (1, 'SALE', 1, null, pg_temp.opened(), pg_temp.opened()),
    (2, 'PURCHASE', null, 1, pg_temp.opened(), pg_temp.opened());
insert into payment values
    (1, pg_temp.opened(), pg_temp.opened(), 1, 1, 3645.00, 1, 1, false, '2026-06-05', 52923196,
     32957646),
    (2, pg_temp.opened(), pg_temp.opened(), 2, 1, 134075.69, 1, 3, false, '2026-06-07', 67305075,
     31622269);
