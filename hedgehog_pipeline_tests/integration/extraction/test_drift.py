"""The source tables change: what can be read lands, what cannot stops the capture and is named."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from dagster import DagsterInstance

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.drift import new_columns
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.lake_making import MemoryS3, land
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import World

_RECREATED = """
    alter table currency rename to earlier;
    create table currency (last_updated timestamp(3), note text, currency_code varchar(3),
        created_at timestamp(3), currency_id integer primary key);
    insert into currency select last_updated, 'new', currency_code, created_at, currency_id
        from earlier;
    drop table earlier cascade;
    grant select on currency to reader;
"""
_PARTITIONED = """
    alter table transaction rename to earlier;
    create table transaction (like earlier, primary key (transaction_id))
        partition by range (transaction_id);
    create table transaction_1 partition of transaction for values from (1) to (2);
    create table transaction_rest partition of transaction default;
    insert into transaction select * from earlier;
    drop table earlier cascade;
    grant select on transaction to reader;
"""
_IN_PLACE_OF_DESIGN = "drop table design cascade; create {} grant select on design to reader;"
_DESIGN = "1 as design_id, 'x' as design_name"

_FAR_PARTITION = """
    create foreign data wrapper far;
    create server far foreign data wrapper far;
    alter table transaction rename to earlier;
    create table transaction (like earlier) partition by range (transaction_id);
    create foreign table transaction_far partition of transaction default server far;
"""
_SEVERAL = """
    drop table payment;
    alter table staff drop email_address, drop first_name;
    alter table sales_order alter units_sold type real, alter unit_price type real;
    alter table design alter created_at type timestamptz;
"""

_READABLE = {
    "integer to bigint": "alter table sales_order alter units_sold type bigint",
    "integer to smallint": "alter table purchase_order alter item_quantity type smallint",
    "key to bigint": "alter table sales_order alter sales_order_id type bigint",
    "varchar to text": "alter table currency alter currency_code type text",
    "text to varchar": "alter table staff alter email_address type varchar(200)",
    "more digits": "alter table sales_order alter unit_price type numeric(14, 4)",
    "numeric to integer": "alter table payment alter payment_amount type integer",
    "text to date": "alter table payment alter payment_date type date using payment_date::date",
    "more precise time": "alter table design alter last_updated type timestamp",
    "enum to text": "alter table transaction alter transaction_type type text",
    "text to enum": "create type kind as enum ('Wooden'); "
    "alter table design alter design_name type kind using design_name::kind",
    "domain": "create domain code as text; create domain item as code check (value <> ''); "
    "alter table purchase_order alter item_code type item",
    "domain over numbers": "create domain price as numeric(12, 2); create domain units as integer; "
    "alter table sales_order alter unit_price type price, alter units_sold type units",
    "key of a domain that is never NULL": "create domain number as integer not null;"
    "alter table design drop constraint design_pkey cascade, alter design_id drop not null,"
    "alter design_id type number, add unique (design_id)",
    "generated column": "alter table design drop file_name; alter table design add file_name text "
    "not null generated always as (design_name || '.json') stored",
    "other order": _RECREATED,
    "partitions": _PARTITIONED,
}

_UNREADABLE = {
    "dropped": ("alter table design drop file_name", ["design has no column file_name"]),
    "renamed": (
        "alter table design rename file_name to file",
        ["design has no column file_name (undeclared columns: file)"],
    ),
    "table renamed": ("alter table staff rename to people", ["missing tables: staff"]),
    "tables dropped": (
        "drop table payment, transaction",
        ["missing tables: transaction, payment", "secret"],
    ),
    "integer to text": (
        "alter table sales_order alter units_sold type text",
        ["sales_order.units_sold is text, which cannot be read as integer"],
    ),
    "integer to numeric": (
        "alter table sales_order alter units_sold type numeric(8,1)",
        ["sales_order.units_sold is numeric(8,1)", "integer"],
    ),
    "text to integer": (
        "alter table purchase_order alter item_code type integer using 1",
        ["purchase_order.item_code is integer", "text"],
    ),
    "text to array": (
        "alter table staff alter first_name type text[] using array[first_name]",
        ["staff.first_name is text[]", "text"],
    ),
    "numeric to float": (
        "alter table sales_order alter unit_price type double precision",
        ["sales_order.unit_price is double precision", "numeric(10,2)"],
    ),
    "numeric to money": (
        "alter table payment alter payment_amount type money",
        ["payment.payment_amount is money", "numeric(10,2)"],
    ),
    "boolean to integer": (
        "alter table payment alter paid type integer using paid::integer",
        ["payment.paid is integer", "boolean"],
    ),
    "zone": (
        "alter table payment alter last_updated type timestamptz",
        ["payment.last_updated is timestamp with time zone", "have a time zone", "has none"],
    ),
    "time to day": (
        "alter table staff alter created_at type date",
        ["staff.created_at is date", "timestamp(3) without time zone"],
    ),
    "domain": (
        "create domain weight as real; alter table sales_order alter unit_price type weight",
        ["sales_order.unit_price is weight", "numeric(10,2)"],
    ),
    "view": (
        _IN_PLACE_OF_DESIGN.format(f"view design as select {_DESIGN};"),
        ["design is a view, not a table", "xmin"],
    ),
    "materialized view": (
        _IN_PLACE_OF_DESIGN.format(f"materialized view design as select {_DESIGN};"),
        ["design is a materialized view, not a table"],
    ),
    "foreign table": (
        _IN_PLACE_OF_DESIGN.format(
            "foreign data wrapper far; create server far foreign data wrapper far;"
            "create foreign table design (design_id integer) server far;"
        ),
        ["design is a foreign table, not a table"],
    ),
    "foreign partition of a partition": (
        _FAR_PARTITION.replace(
            "table transaction_far partition of transaction",
            "table transaction_far partition of middle",
        ).replace(
            "create foreign table",
            "create table middle partition of transaction default "
            "partition by range (transaction_id); create foreign table",
        ),
        ["transaction has the foreign table transaction_far as a partition"],
    ),
    "foreign partition": (
        _FAR_PARTITION,
        ["has the foreign table transaction_far as a partition", "xmin", "is not a key"],
    ),
    "children": (
        "create table later () inherits (sales_order); create table latest () inherits (later)",
        ["sales_order includes the rows of later, latest", "NO INHERIT"],
    ),
    "key of two columns": (
        (
            "alter table design drop constraint design_pkey cascade,"
            "add primary key (design_id, design_name)"
        ),
        [
            "design.design_id is not a key: no valid unique index is on design_id alone",
            '(CREATE UNIQUE INDEX CONCURRENTLY ON "design" ("design_id"))',
        ],
    ),
    "key of a table that is partitioned by time": (
        (
            "alter table transaction rename to earlier;"
            "create table transaction (like earlier, primary key (transaction_id, created_at))"
            "partition by range (created_at)"
        ),
        [
            "transaction.transaction_id is not a key: no valid unique index",
            'by ranges of it, then CREATE UNIQUE INDEX ON "transaction" ("transaction_id")',
        ],
    ),
    "key of some rows": (
        (
            "alter table design drop constraint design_pkey cascade;"
            "create unique index on design (design_id) where design_id > 1"
        ),
        ["design.design_id is not a key: no valid unique index"],
    ),
    "key without an index that is valid": (
        (
            "alter table design drop constraint design_pkey cascade;"
            "create unique index other on design (design_id);"
            "update pg_index set indisvalid = false where indexrelid = 'other'::regclass"
        ),
        ["design.design_id is not a key: no valid unique index"],
    ),
    "key that may be NULL": (
        (
            "alter table design drop constraint design_pkey cascade, alter design_id drop not null,"
            "add unique (design_id)"
        ),
        ["design.design_id is not a key: it may be NULL"],
    ),
    "key whose NOT NULL is not validated": (
        (
            "alter table design drop constraint design_pkey cascade, alter design_id drop not null,"
            "add unique (design_id), add constraint filled not null design_id not valid"
        ),
        ["design.design_id is not a key: it may be NULL", "VALIDATE CONSTRAINT"],
    ),
    "several": (
        _SEVERAL,
        [
            "missing tables: payment",
            "staff has no column first_name, email_address",
            "sales_order.units_sold is real",
            "sales_order.unit_price is real",
            "design.created_at is timestamp with time zone",
        ],
    ),
}


@pytest.mark.parametrize("case", _READABLE)
def test_a_change_that_can_be_read_does_not_stop_the_capture(opened: World, case: str) -> None:
    shop = opened.shop
    shop.execute(_READABLE[case].encode())
    shop.execute("update currency set currency_code = 'EUR'")
    shop.execute("update design set design_id = design_id")
    shop.execute("update sales_order set units_sold = 7, unit_price = 8, design_id = design_id")
    shop.execute("update purchase_order set item_code = 'B', item_quantity = 9")
    shop.execute("update staff set email_address = 'ada@x'")
    shop.execute("update payment set payment_amount = 3, paid = true")
    shop.execute("update transaction set sales_order_id = null where transaction_id = 1")
    opened.run()
    assert_warehouse_is_the_shop(opened)
    assert opened.run() == []


def test_a_new_value_of_an_enum_reaches_the_warehouse(opened: World) -> None:
    opened.shop.execute("alter type payment_type_name add value 'GIFT'")
    opened.shop.execute("update payment_type set payment_type_name = 'GIFT'")
    opened.run()
    names = opened.query("select distinct payment_type_name from dim_payment_type")
    assert names == [("GIFT",)]


@pytest.mark.parametrize("case", _UNREADABLE)
def test_a_change_that_cannot_be_read_stops_the_capture(opened: World, case: str) -> None:
    statement, words = _UNREADABLE[case]
    if "not valid" in statement and opened.shop.info.server_version < 180000:
        pytest.skip("PostgreSQL 18 has it.")
    rows = opened.all_rows()
    opened.shop.execute(statement.encode())
    opened.shop.execute("insert into department values (2, 'Press', 'Hull', null, now(), now())")
    with pytest.raises(HedgehogError) as stopped:
        opened.run()
    message = str(stopped.value)
    assert message.startswith("The source tables do not match their declaration: ")
    assert all(word in message for word in [*words, "in the module `shop` of the model"]), message
    assert opened.all_rows() == rows
    assert len(opened.commits(opened.settings.ingestion_bucket)) == 1


def test_a_capture_continues_once_a_column_is_back(opened: World) -> None:
    opened.shop.execute("alter table design rename file_name to file")
    with pytest.raises(HedgehogError):
        opened.run()
    opened.shop.execute("alter table design rename file to file_name")
    opened.shop.execute("update design set file_name = 'b.json'")
    opened.run()
    assert_warehouse_is_the_shop(opened)


def test_drift_of_one_table_does_not_stop_the_capture_of_another(opened: World) -> None:
    opened.shop.execute("alter table design drop file_name")
    opened.shop.execute("update staff set first_name = 'Ada'")
    opened.launch("extraction", "staff")
    assert len(opened.commits(opened.settings.ingestion_bucket)) == 2


def test_a_new_column_is_landed_and_logged_once(
    opened: World, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    opened.shop.execute("alter table design add colour text, add weight real")
    opened.shop.execute("update design set colour = 'red'")
    opened.run()
    (line,) = _drift_in(capsys)
    (_, commit) = opened.commits(opened.settings.ingestion_bucket)
    logged = {name: line[name] for name in ("stage", "commit", "batch", "table", "columns")}
    assert logged == {
        "stage": "extraction",
        "commit": 2,
        "batch": commit["batch"],
        "table": "design",
        "columns": ["colour", "weight"],
    }
    (part,) = commit["parts"]
    assert part["columns"][-2:] == ["colour", "weight"]
    assert_warehouse_is_the_shop(opened)

    opened.shop.execute("update staff set first_name = 'Ada'")
    opened.run()
    opened.shop.execute("update design set colour = 'blue'")
    opened.run()
    assert _drift_in(capsys) == []
    opened.shop.execute("alter table design add height real, drop colour")
    opened.shop.execute("update design set height = 2")
    opened.run()
    assert [line["columns"] for line in _drift_in(capsys)] == [["height"]]


def test_a_column_that_was_landed_before_a_deletion_is_not_new() -> None:
    log = CommitLog(MemoryS3().bucket(), IngestionCommit)
    land(log, {"design": b"design_id,colour\n1,red\n"})
    land(log, {}, deleted={"design": [1]})
    deletion = land(log, {}, deleted={"design": [2]})
    commit = land(log, {"design": b"design_id,colour,height\n1,red,2\n"})
    (found,) = new_columns(SOURCE.values(), commit, deletion, log)
    assert found == (SOURCE["design"], ["height"])


def test_undeclared_columns_of_a_first_capture_are_logged(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.load_small()
    world.shop.execute("alter table design add colour text")
    world.run()
    assert [(line["table"], line["columns"]) for line in _drift_in(capsys)] == [
        ("design", ["colour"])
    ]


def test_undeclared_columns_are_in_the_metadata_of_the_asset(opened: World) -> None:
    assert _metadata_of_assets(opened) == {}
    opened.shop.execute("alter table design add colour text")
    assert _metadata_of_assets(opened) == {"design": ["colour"]}


def _metadata_of_assets(world: World) -> dict[str, Any]:
    """Run a capture; return the undeclared columns in the metadata of each asset."""
    with DagsterInstance.ephemeral() as instance:
        result = (
            platform(world.settings)
            .resolve_job_def("extraction")
            .execute_in_process(
                instance=instance,
                partition_key=datetime.now(timezone.utc).date().isoformat(),
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        )
    materializations = [
        event.materialization for event in result.get_asset_materialization_events()
    ]
    return {
        event.asset_key.path[-1]: event.metadata["columns not declared"].value
        for event in materializations
        if "columns not declared" in event.metadata
    }


def _drift_in(capture: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(text) for text in capture.readouterr().err.splitlines() if text[:1] == "{"]
    return [line for line in lines if line["event"] == "columns not declared"]
