"""`hedgehog migrate` alters a warehouse with rows until it matches the declaration."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from hedgehog_pipeline.cli import hedgehog
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.model.columns import BIGINT, INTEGER, TEXT, Column
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline_tests.support.demo_model import STAR, redeclare
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import World

_ACCOUNT = Column(
    "company_ac_number",
    INTEGER,
    "Account number of the shop.",
    nullable=True,
    sources=("payment.company_ac_number",),
)
_ADD = 'alter table "fact_payment" add column "company_ac_number" integer'
_ACCOUNTS = "select company_ac_number from {} order by payment_id, last_updated_date"
_WAITING = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"

Declare = Callable[..., None]


@pytest.fixture
def warehouse(opened: World) -> Iterator[Warehouse]:
    with opened.deployment.warehouse() as warehouse:
        yield warehouse


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Declare a column of a star table; it replaces a column of the same name."""

    def change(table: str, column: Column) -> None:
        columns = {declared.name: declared for declared in STAR[table].columns}
        columns[column.name] = column
        redeclare(monkeypatch, replace(STAR[table], columns=tuple(columns.values())))

    return change


def test_a_new_column_is_one_command(opened: World, declare: Declare) -> None:
    declare("fact_payment", _ACCOUNT)
    opened.shop.execute("update payment set paid = true, last_updated = '2026-06-02'")
    with pytest.raises(HedgehogError, match=f"run `hedgehog migrate`, which runs: {_ADD};$"):
        opened.run()

    assert _run_command(opened, "migrate") == f"{_ADD};\n"
    assert _run_command(opened, "migrate").startswith("Nothing to do")
    assert [run.stage for run in opened.run()] == ["storage"]
    current = [(52923196,), (67305075,)]
    assert opened.query(_ACCOUNTS.format("fact_payment_current")) == current
    older_and_newer = [(None,), (52923196,), (None,), (67305075,)]
    assert opened.query(_ACCOUNTS.format("fact_payment")) == older_and_newer


def test_a_replayed_day_fills_a_new_column(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    declare("fact_payment", _ACCOUNT)
    warehouse.migrate()
    assert opened.query(_ACCOUNTS.format("fact_payment")) == [(None,), (None,)]
    opened.launch("processing")
    opened.launch("storage")
    assert opened.query(_ACCOUNTS.format("fact_payment")) == [(52923196,), (67305075,)]


@pytest.mark.parametrize(
    "column",
    [
        _ACCOUNT,
        replace(_ACCOUNT, nullable=False, default="0"),
        replace(_ACCOUNT, references="dim_location"),
    ],
)
def test_a_migrated_warehouse_equals_a_new_one(
    opened: World, warehouse: Warehouse, declare: Declare, column: Column
) -> None:
    declare("fact_payment", column)
    warehouse.migrate()
    schema, rows = _schema(opened), opened.all_rows()
    assert "company_ac_number" in str(schema)
    opened.empty_warehouse()
    opened.run()
    assert _schema(opened) == schema
    assert opened.all_rows() == rows


def test_a_not_null_column_is_refused_where_rows_have_no_value(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    declare("fact_payment", replace(_ACCOUNT, nullable=False))
    declare("dim_design", Column("colour", TEXT, "Colour."))
    declare("dim_date", Column("week", INTEGER, "Week.", nullable=True))
    schema = _schema(opened)
    with pytest.raises(HedgehogError) as refusal:
        warehouse.migrate()
    message = str(refusal.value)
    assert "lacks dim_design.colour, fact_payment.company_ac_number, declared not null" in message
    assert "Declare it nullable, or with a default" in message
    assert _schema(opened) == schema


def test_a_not_null_column_is_added_to_a_table_that_has_no_rows(
    world: World, declare: Declare
) -> None:
    with world.deployment.warehouse() as warehouse:
        warehouse.prepare()
        declare("fact_payment", replace(_ACCOUNT, nullable=False))
        assert warehouse.migrate() == [f"{_ADD} not null;"]
        assert warehouse.is_building()


def test_older_rows_have_the_default(opened: World, warehouse: Warehouse, declare: Declare) -> None:
    declare("fact_payment", replace(_ACCOUNT, nullable=False, default="7"))
    assert warehouse.migrate() == [f"{_ADD} default 7 not null;"]
    assert opened.query(_ACCOUNTS.format("fact_payment")) == [(7,), (7,)]


def test_a_new_reference_is_enforced_and_its_members_are_inferred(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    declare("fact_payment", replace(_ACCOUNT, references="dim_location"))
    assert not warehouse.is_building()
    warehouse.migrate()
    assert "fact_payment_company_ac_number_fkey" in str(_schema(opened))
    opened.shop.execute("update payment set paid = true where payment_id = 1")
    opened.shop.execute("update payment set company_ac_number = 1 where payment_id = 2")
    opened.run()
    members = "select location_id, city, inferred from dim_location order by 1"
    assert opened.query(members) == [(1, "Leeds", False), (52923196, "Not known", True)]


def test_one_missing_foreign_key_is_added_by_a_load_and_does_not_mean_building(
    opened: World, warehouse: Warehouse
) -> None:
    schema = _schema(opened)
    warehouse.connection.execute(
        "alter table fact_sales_order drop constraint fact_sales_order_design_id_fkey"
    )
    assert not warehouse.is_building()
    opened.shop.execute("alter table sales_order drop constraint sales_order_staff_id_fkey")
    opened.shop.execute("update sales_order set staff_id = 7, last_updated = '2026-06-02'")
    opened.run()
    assert opened.query("select inferred from dim_staff where staff_id = 7") == [(True,)]
    assert _schema(opened) == schema


def test_a_retyped_column_keeps_its_values_its_view_and_its_grants(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    warehouse.connection.execute("grant select on fact_sales_order_current to reader, public")
    declare("fact_sales_order", _column("fact_sales_order", "units_sold", type=BIGINT))
    assert warehouse.migrate() == [
        'drop view "fact_sales_order_current";',
        'alter table "fact_sales_order" alter column "units_sold" type bigint;',
    ]
    opened.shop.execute("insert into design select 2, now(), 'a', 'b', 'c', now()")
    opened.run()
    assert_warehouse_is_the_shop(opened)
    readers = (
        "select coalesce(rolname, 'public') from pg_class cross join aclexplode(relacl) "
        "left join pg_roles r on r.oid = grantee "
        "where relname = 'fact_sales_order_current' and grantee <> relowner order by 1"
    )
    assert opened.query(readers) == [("public",), ("reader",)]


def test_a_new_column_keeps_the_view_of_an_analyst(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    warehouse.connection.execute("create view paid as select * from fact_payment_current")
    declare("fact_payment", _ACCOUNT)
    warehouse.migrate()
    assert len(opened.query("select * from paid")) == 2
    assert opened.query(_ACCOUNTS.format("fact_payment_current")) == [(None,), (None,)]


def test_a_cast_that_postgresql_refuses_is_an_error_and_alters_nothing(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    declare("dim_date", Column("week", INTEGER, "Week.", nullable=True))
    declare("dim_design", _column("dim_design", "file_name", type=BIGINT))
    schema = _schema(opened)
    with pytest.raises(HedgehogError) as refusal:
        warehouse.migrate()
    message = str(refusal.value)
    assert 'run alter table "dim_design" alter column "file_name" type bigint; column' in message
    assert "cannot be cast automatically to type bigint. Nothing was altered." in message
    assert _schema(opened) == schema


def test_a_view_of_an_analyst_that_blocks_a_new_type_is_named_and_kept(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    warehouse.connection.execute("create view mine as select * from fact_sales_order_current")
    declare("fact_sales_order", _column("fact_sales_order", "units_sold", type=BIGINT))
    depends = "view mine depends on view fact_sales_order_current"
    with pytest.raises(HedgehogError, match=depends):
        warehouse.migrate()
    assert len(opened.query("select * from mine")) == 1


def test_a_column_that_is_no_longer_declared_becomes_nullable(
    opened: World, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = STAR["fact_payment"]
    kept = tuple(column for column in table.columns if column.name != "paid")
    redeclare(monkeypatch, replace(table, columns=kept))
    assert warehouse.migrate() == ['alter table "fact_payment" alter column "paid" drop not null;']
    opened.shop.execute("update payment set last_updated = '2026-06-02'")
    opened.run()
    paid = "select paid from fact_payment order by payment_id, last_updated_date"
    assert opened.query(paid) == [(False,), (None,), (False,), (None,)]


def test_a_column_that_is_declared_nullable_becomes_nullable(
    warehouse: Warehouse, declare: Declare
) -> None:
    declare("dim_staff", _column("dim_staff", "location", nullable=True))
    assert warehouse.migrate() == ['alter table "dim_staff" alter column "location" drop not null;']
    assert warehouse.migrate() == []


def test_a_column_renamed_by_hand_is_added_again(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    declare("fact_payment", _ACCOUNT)
    warehouse.migrate()
    connection = warehouse.connection
    connection.execute("alter table fact_payment rename company_ac_number to mine")
    connection.execute("update fact_payment set mine = 1")
    warehouse.migrate()
    shown = "select company_ac_number, mine from fact_payment_current"
    assert opened.query(shown) == [(None, 1), (None, 1)]


def test_a_migration_waits_for_a_load(
    opened: World, warehouse: Warehouse, declare: Declare
) -> None:
    declare("fact_payment", _ACCOUNT)
    with ThreadPoolExecutor(1) as threads, opened.deployment.warehouse() as other:
        with other._loading():
            migration = threads.submit(warehouse.migrate)
            while not opened.query(_WAITING)[0][0]:
                assert not migration.done()
            assert "company_ac_number" not in str(_schema(opened))
        assert migration.result() == [f"{_ADD};"]


def _column(table: str, name: str, **changes: Any) -> Column:
    (column,) = [column for column in STAR[table].columns if column.name == name]
    return replace(column, **changes)


def _run_command(world: World, command: str) -> str:
    """Run a command; return what it prints."""
    result = CliRunner().invoke(hedgehog, [command], env=world.environment, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def _schema(world: World) -> list[tuple[Any, ...]]:
    """Return the columns of all tables and views, their comments, and all constraints."""
    columns = """
        select c.relname, attname, format_type(atttypid, atttypmod), attnotnull,
               pg_get_expr(adbin, adrelid), col_description(c.oid, attnum)
        from pg_class c join pg_attribute on attrelid = c.oid
        left join pg_attrdef on adrelid = c.oid and adnum = attnum
        where c.relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
          and attnum > 0 and not attisdropped order by 1, 2
    """
    constraints = """
        select conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
        from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2
    """
    return [*world.query(columns), *world.query(constraints)]
