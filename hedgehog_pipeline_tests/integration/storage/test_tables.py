"""Missing warehouse tables are created, different ones refused; no table is ever dropped."""

import re
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError, UnfitWarehouseError
from hedgehog_pipeline.storage.ddl import add_foreign_key, create_table
from hedgehog_pipeline.storage.tables import has_table
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.world import World

_FACTS = ("fact_payment", "fact_purchase_order", "fact_sales_order")
_RELATIONS = (
    "select relname from pg_class where relnamespace = 'public'::regnamespace "
    "and relkind in ('r', 'v') order by 1"
)
_ALL = sorted([*STAR, *(f"{fact}_current" for fact in _FACTS)])


@pytest.fixture
def warehouse(world: World) -> Iterator[Warehouse]:
    """A connection to a warehouse with all its tables."""
    with world.deployment.warehouse() as warehouse:
        warehouse.prepare()
        yield warehouse


def test_a_database_that_cannot_store_every_text_is_refused(world: World) -> None:
    name = f"{world.warehouse_database}_latin1"
    with psycopg.connect(world.servers.postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL(
                "create database {} owner writer encoding 'LATIN1' locale 'C' template template0"
            ).format(sql.Identifier(name))
        )
    world.load_small()
    with pytest.raises(UnfitWarehouseError, match=r"in the encoding LATIN1.*ENCODING 'UTF8'"):
        world.with_warehouse(name).run()
    world.servers.drop_databases(name)


def test_all_tables_and_views_are_created(world: World, warehouse: Warehouse) -> None:
    assert [name for (name,) in world.query(_RELATIONS)] == _ALL
    assert warehouse.last_loaded() is None
    assert warehouse.is_building()


def test_missing_tables_and_views_are_created_and_existing_ones_kept(
    world: World, warehouse: Warehouse
) -> None:
    connection = warehouse.connection
    connection.execute("insert into dim_payment_type values (1, 'CASH', 1, false, 1, false)")
    connection.execute("create table analysts_own (note text)")
    connection.execute("alter table dim_payment_type add column note text default 'mine'")
    connection.execute("drop table fact_payment cascade")
    connection.execute("drop view fact_sales_order_current")
    warehouse.prepare()
    assert [name for (name,) in world.query(_RELATIONS)] == sorted([*_ALL, "analysts_own"])
    kept = "select payment_type_id, payment_type_name, note from dim_payment_type"
    assert world.query(kept) == [(1, "CASH", "mine")]


def test_a_view_of_an_earlier_version_is_replaced_and_keeps_its_grants(
    world: World, warehouse: Warehouse
) -> None:
    connection = warehouse.connection
    views = ["fact_payment_current", "hedgehog.open_quarantine"]
    current = [_view(world, view) for view in views]
    connection.execute("grant select on fact_payment_current to reader")
    connection.execute(
        "create or replace view fact_payment_current as select * from fact_payment where paid; "
        "comment on view fact_payment_current is 'of an earlier version'; "
        "create or replace view hedgehog.open_quarantine as select * from hedgehog.quarantine; "
        "comment on view hedgehog.open_quarantine is null"
    )
    assert [_view(world, view) for view in views] != current
    warehouse.prepare()
    assert [_view(world, view) for view in views] == current
    may_select = "select has_table_privilege('reader', 'fact_payment_current', 'select')"
    assert world.query(may_select) == [(True,)]


def test_an_up_to_date_view_is_not_replaced(world: World, warehouse: Warehouse) -> None:
    rows_of_catalog = "select xmin::text from pg_class where relkind = 'v' order by oid"
    before = world.query(rows_of_catalog)
    warehouse.prepare()
    assert world.query(rows_of_catalog) == before


@pytest.mark.parametrize(
    ("change", "repair"),
    [
        (
            "alter table dim_staff drop column location",
            'alter table "dim_staff" add column "location" text not null;',
        ),
        (
            "alter table fact_payment alter column payment_amount type double precision",
            'alter table "fact_payment" alter column "payment_amount" type numeric;',
        ),
        (
            "alter table dim_date alter column year type text",
            'alter table "dim_date" alter column "year" type integer;',
        ),
    ],
)
def test_a_table_that_differs_is_refused_with_the_alter_it_needs(
    world: World, warehouse: Warehouse, change: str, repair: str
) -> None:
    connection = warehouse.connection
    connection.execute("drop view fact_payment_current, fact_sales_order_current")
    connection.execute(change.encode())
    with pytest.raises(HedgehogError, match=re.escape(repair)):
        warehouse.prepare()
    assert len(world.query(_RELATIONS)) == len(_ALL) - 2


def test_a_table_is_accepted_after_the_statements_in_the_error_ran(warehouse: Warehouse) -> None:
    warehouse.connection.execute(
        "alter table dim_staff drop column location, drop column last_name"
    )
    with pytest.raises(HedgehogError) as refusal:
        warehouse.prepare()
    repair = str(refusal.value).partition("which runs: ")[2]
    warehouse.connection.execute(repair.encode())
    warehouse.prepare()


def test_a_run_fails_on_a_table_that_differs(world: World, warehouse: Warehouse) -> None:
    world.load_small()
    warehouse.connection.execute("alter table dim_design drop column file_name")
    with pytest.raises(HedgehogError, match='alter table "dim_design" add column "file_name" text'):
        world.run()
    warehouse.connection.execute("alter table dim_design add column file_name text")
    assert [run.stage for run in world.run()] == ["storage"]


def test_every_table_and_column_has_a_comment(world: World, warehouse: Warehouse) -> None:
    without_comment = """
        select c.relname, a.attname from pg_class c join pg_attribute a on attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and attnum > 0
          and not attisdropped and a.attname !~ '_record_id$'
          and (obj_description(c.oid, 'pg_class') is null
               or col_description(c.oid, a.attnum) is null)
    """
    assert warehouse.is_prepared()
    assert world.query(without_comment) == []


def test_a_schema_put_before_the_tables_in_the_search_path_changes_nothing(opened: World) -> None:
    """The default search path begins with a schema of the loader's own name."""
    with _admin(opened) as admin:
        admin.execute("create schema writer authorization writer")
        admin.execute("comment on view fact_payment_current is 'of an earlier version'")
    opened.change("update design set file_name = 'new.json', last_updated = now()")
    assert opened.query("select distinct file_name from dim_design") == [("new.json",)]
    assert "of an earlier version" not in _view(opened, "fact_payment_current")[1]
    in_schema = "select relname from pg_class where relnamespace = 'writer'::regnamespace"
    assert opened.query(in_schema) == []
    with opened.deployment.warehouse() as warehouse:
        assert not warehouse.is_building()


def test_a_search_path_with_capitals_works(world: World) -> None:
    with _admin(world) as admin:
        admin.execute('create schema "Marts" authorization writer')
        path = sql.SQL('alter role writer in database {} set search_path = "Marts"')
        admin.execute(path.format(sql.Identifier(world.warehouse_database)))
    world.load_small()
    world.run()
    world.change("update design set file_name = 'new.json', last_updated = now()")
    assert world.query('select distinct file_name from "Marts".dim_design') == [("new.json",)]
    with world.deployment.warehouse() as warehouse:
        assert not warehouse.is_building()


def test_a_foreign_key_counts_whatever_its_name(opened: World) -> None:
    """PostgreSQL itself cuts a name that is longer than 63 bytes."""
    keys = "select count(*) from pg_constraint where contype = 'f'"
    before = opened.query(keys)
    with _admin(opened) as admin:
        admin.execute(
            "alter table fact_sales_order rename constraint "
            "fact_sales_order_currency_id_fkey to mine"
        )
    opened.change("update design set file_name = 'new.json', last_updated = now()")
    assert opened.query(keys) == before


def test_foreign_keys_of_columns_with_the_same_long_prefix_are_added(
    warehouse: Warehouse,
) -> None:
    payment, location = STAR["fact_payment"], STAR["dim_location"]
    for ending in ("one", "two"):
        column = replace(payment.columns[0], name=f"{'long_' * 11}{ending}")
        alter = sql.SQL("alter table fact_payment add column {} integer")
        warehouse.connection.execute(alter.format(sql.Identifier(column.name)))
        warehouse.connection.execute(add_foreign_key(payment, column, location))


def test_a_loader_named_like_the_schema_of_commits_gets_its_tables_where_others_do(
    world: World,
) -> None:
    with _admin(world) as admin, world.deployment.warehouse() as warehouse:
        admin.execute("create role hedgehog")
        database = sql.Identifier(world.warehouse_database)
        try:
            admin.execute("grant hedgehog to writer")
            admin.execute(sql.SQL("alter database {} owner to hedgehog").format(database))
            warehouse.connection.execute("set role hedgehog")
            for _ in range(2):
                warehouse.prepare()
            assert [name for (name,) in world.query(_RELATIONS)] == _ALL
        finally:
            admin.execute(sql.SQL("alter database {} owner to writer").format(database))
            admin.execute("reassign owned by hedgehog to writer")
            admin.execute("drop owned by hedgehog")
            admin.execute("drop role hedgehog")


def test_a_table_with_capitals_is_found(warehouse: Warehouse) -> None:
    table = replace(STAR["dim_design"], name="dim_Design")
    assert not has_table(warehouse.connection, table)
    warehouse.connection.execute(create_table(table))
    assert has_table(warehouse.connection, table)


def _admin(world: World) -> psycopg.Connection:
    dsn = world.servers.postgres.dsn(world.warehouse_database)
    return psycopg.connect(dsn, autocommit=True)


def _view(world: World, name: str) -> tuple[str, str]:
    query = "select pg_get_viewdef(%s::regclass), obj_description(%s::regclass, 'pg_class')"
    ((definition, comment),) = world.query(query, [name, name])
    return definition, comment
