create type state as enum ('new', 'worn');
create table type (nr integer primary key, label text not null);
create table hub (
    hub_no bigint generated always as identity primary key,
    town varchar(40) not null,
    height numeric(9, 3),
    altered timestamptz not null default now());
create table bicycle (
    frame integer primary key,
    type_nr integer not null references type,
    state state not null,
    altered timestamptz not null default now());
create table hire (
    hire_no bigint primary key,
    frame integer not null references bicycle,
    from_hub bigint not null references hub,
    to_hub bigint references hub,
    hired date not null,
    ended timestamptz,
    price numeric(9, 3),
    altered timestamptz not null default now());
create table log (
    entry integer primary key,
    frame integer not null references bicycle,
    note text not null);
insert into type values (1, 'Tandem'), (2, 'Cargo');
insert into hub (town, height, altered) values
    ('Leeds', 63.5, '2026-06-01 10:00:00+02'), ('Hull', null, '2026-06-01 10:00:00.000001+02'),
    ('York', -0.125, '2026-06-01 10:00:00+02');
insert into bicycle values (7, 1, 'new', '2026-06-01 10:00+00'), (9, 2, 'worn', '2026-06-01 10:00+00');
insert into hire values
    (5000000000, 7, 1, 2, '2026-06-01', '2026-06-01 23:30:00-01', 4.125, '2026-06-02 08:00+00'),
    (5000000001, 9, 1, null, '2026-06-03', null, null, '2026-06-03 08:00+00'),
    (5000000002, 9, 2, 2, '2026-06-04', '2026-06-04 12:00+00', 10, '2026-06-04 12:00+00');
insert into log values (1, 9, 'New brakes'), (2, 9, 'A bell');
