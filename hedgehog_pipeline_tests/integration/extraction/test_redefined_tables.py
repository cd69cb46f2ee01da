"""Changes that write no row: a SELECT returns something else, but each `xmin` stays the same."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.capture import plan_capture
from hedgehog_pipeline.extraction.capture_request import CaptureRequest, Mode
from hedgehog_pipeline.extraction.source_identity import known_watermarks, redefined_tables
from hedgehog_pipeline.lake.log import commit_key
from hedgehog_pipeline.model.columns import TEXT, Column
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline_tests.support.capturing import capture, capturing
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.landed import Row, in_shop, keys, landed
from hedgehog_pipeline_tests.support.odd_shop import change, place, seed
from hedgehog_pipeline_tests.support.warehouse_rows import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.support.world import Servers, World, reset_process_caches

PARTITIONED = """
    alter table department rename to earlier;
    create table department (like earlier including all) partition by range (department_id);
    create table department_1 partition of department for values from (1) to (100);
    insert into department select * from earlier;
    drop table earlier cascade;
    grant select on department to reader;
    create table department_2 (like department including all);
    insert into department_2 values (200, 'Press', 'Hull', null, now(), now());
"""
ATTACH = "alter table department attach partition department_2 for values from (100) to (300)"
DETACH = "alter table department detach partition department_2"
DETACH_ALTER_ATTACH = """
    begin;
    alter table department detach partition {0};
    alter table {0} drop location, add location text default 'Moved';
    alter table department attach partition {0} for values from (100) to (300);
    commit;
"""
BESIDE = """
    create table beside (like sales_order including all);
    insert into beside select * from sales_order;
    update beside set units_sold = 11 where sales_order_id = 2;
    grant select on beside to reader;
"""
SWAP = """
    begin;
    alter table sales_order rename to earlier;
    alter table beside rename to sales_order;
    commit;
"""


@dataclass(frozen=True)
class Case:
    """A change of a table that writes no row.

    Attributes:
        table: the table that changes.
        change: what the shop does.
        reason: the reason that the commit gives.
        before: what it did before the last capture.
        since: the first version of PostgreSQL that supports it.
    """

    table: str
    change: str
    reason: str
    before: str = "select"
    since: int = 0


CASES = {
    "a label of an enum": Case(
        "payment_type",
        "alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'",
        "enum labels were renamed ('SALES_RECEIPT')",
    ),
    "exchanged labels of an enum": Case(
        "payment_type",
        "alter type payment_type_name rename value 'SALES_RECEIPT' to 'x';"
        "alter type payment_type_name rename value 'SALES_REFUND' to 'SALES_RECEIPT';"
        "alter type payment_type_name rename value 'x' to 'SALES_REFUND'",
        "enum labels were renamed ('SALES_RECEIPT', 'SALES_REFUND')",
    ),
    "a label of a domain's enum": Case(
        "payment_type",
        "alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'",
        "enum labels were renamed ('SALES_RECEIPT')",
        "create domain kind as payment_type_name;"
        "alter table payment_type alter payment_type_name type kind",
    ),
    "exchanged names of columns": Case(
        "staff",
        "alter table staff rename first_name to x; alter table staff rename last_name to "
        "first_name; alter table staff rename x to last_name",
        "column first_name was replaced and column last_name was replaced",
    ),
    "a column that is dropped and added with a default": Case(
        "design",
        "alter table design drop file_name, add file_name_2 text not null default 'x';"
        "alter table design rename file_name_2 to file_name",
        "column file_name was replaced",
    ),
    "the expression of a generated column": Case(
        "design",
        "alter table design alter file_name set expression as (design_name || 'y')",
        "column file_name was replaced",
        "alter table design drop file_name,"
        "add file_name text generated always as (design_name || 'x') virtual",
        180000,
    ),
    "a copy of the table that takes its name": Case(
        "sales_order", SWAP, "another table has its name", BESIDE
    ),
    "a partition that is attached with rows": Case(
        "department", ATTACH, "a partition was attached with its rows", PARTITIONED
    ),
    "a partition that is altered while it is detached": Case(
        "department",
        DETACH_ALTER_ATTACH.format("department_2"),
        "a partition was attached with its rows",
        PARTITIONED + ATTACH,
    ),
    "a partition that is altered while the one above it is detached": Case(
        "department",
        DETACH_ALTER_ATTACH.format("middle"),
        "a partition was attached with its rows",
        PARTITIONED
        + "create table middle (like department including all) partition by range (department_id);"
        + ATTACH.replace("table department", "table middle")
        + ";"
        + ATTACH.replace("department_2", "middle"),
    ),
}

SAME = {
    "vacuum full": "vacuum full design",
    "vacuum full of a column with a default": "vacuum full department",
    "analyze": "analyze design",
    "reindex": "reindex table concurrently design",
    "an index": "create index concurrently on design (file_location)",
    "another key's index": "create unique index concurrently other on design (design_id);"
    "alter table design drop constraint design_pkey cascade",
    "grant": "grant select on design to public",
    "comment": "comment on table design is 'pictures'",
    "an undeclared column": "alter table design add colour text not null default 'red'",
    "a longer text": "alter table currency alter currency_code type varchar(9)",
    "another type of the same text": "alter table currency alter currency_code type text",
    "the name of a column in an expression": "alter table design rename note to remark",
    "a new label": "alter type payment_type_name add value 'GIFT' before 'SALES_REFUND'",
    "the name of a type": "alter type payment_type_name rename to kind",
    "a constraint": "alter table design add check (design_id > 0)",
}


def of_table(rows: Counter[Row], table: str) -> Counter[Row]:
    return Counter({row: count for row, count in rows.items() if row[0] == table})


def last_commit(world: World) -> dict[str, object]:
    return world.commits(world.settings.ingestion_bucket)[-1]


@pytest.mark.parametrize("name", CASES)
def test_only_the_redefined_table_is_read_in_full_again(shop: World, name: str):
    case = CASES[name]
    if shop.shop.info.server_version < case.since:
        pytest.skip(f"PostgreSQL {case.since // 10000} has it.")
    shop.shop.execute(case.before.encode())
    shop.shop.execute("update address set city = 'York'")
    capture(shop)
    assert shop.deployment.scan_source() == ()
    number = last_commit(shop)["number"]

    shop.shop.execute(case.change.encode())
    assert shop.deployment.scan_source() == (case.table,)
    assert capture(shop) == of_table(in_shop(shop), case.table)
    reasons = last_commit(shop)["reread_tables"]
    assert isinstance(reasons, dict)
    assert list(reasons) == [case.table]
    assert reasons[case.table].startswith(f"{case.table} was redefined after commit {number} (")
    assert reasons[case.table].endswith(f" UTC): {case.reason}")
    assert shop.deployment.scan_source() == ()
    assert capture(shop) == Counter()
    assert last_commit(shop)["reread"] is None


@pytest.mark.parametrize("name", SAME)
def test_a_change_that_no_select_shows_reads_nothing_again(shop: World, name: str):
    shop.shop.execute("alter table department drop location, add location text default 'York'")
    kinds = "virtual" if shop.shop.info.server_version >= 180000 else "stored", "stored"
    for column, kind in zip(("file_name", "file_location"), kinds, strict=True):
        shop.shop.execute(
            f"alter table design add if not exists note text default 'x', drop {column},"
            f"add {column} text generated always as (design_name || note) {kind}".encode()
        )
    shop.shop.execute("update address set city = 'York'")
    capture(shop)
    for statement in SAME[name].split(";"):
        shop.shop.execute(statement.encode())
    assert shop.deployment.scan_source() == ()
    assert capture(shop) == Counter()


def test_a_search_path_that_leads_to_another_table_reads_that_table(shop: World):
    shop.shop.execute(
        "create schema other; grant usage on schema other to reader;"
        "create table other.currency (like currency including all);"
        "insert into other.currency select currency_id, 'EUR', created_at, last_updated "
        "from currency; grant select on other.currency to reader;"
        "update address set city = 'York'"
    )
    capture(shop)
    role = f"alter role reader in database {shop.shop_database} set search_path = other, public"
    shop.shop.execute(role.encode())
    assert shop.deployment.scan_source() == ("currency",)
    ((table, key, code, *_),) = capture(shop)
    assert (table, key, code) == ("currency", "1", "EUR")
    assert capture(shop) == Counter()


def test_a_partition_without_earlier_rows_reads_nothing_again(shop: World):
    shop.shop.execute(PARTITIONED.encode())
    capture(shop)
    shop.shop.execute("create table department_3 partition of department default")
    head, tables = shop.deployment.lake.ingestion.head(), list(SOURCE.values())
    assert head
    with shop.deployment.source.open_snapshot(tables) as snapshot:
        assert redefined_tables(snapshot, head) == {}
        scans = "select sum(seq_scan) from pg_stat_xact_user_tables where relname ~ 'department_'"
        assert snapshot.fetch(sql.SQL(scans).format()) == [(0,)]  # no scan of an empty partition
    assert shop.deployment.scan_source() == ()
    shop.shop.execute("insert into department values (900, 'Books', 'Hull', null, now(), now())")
    assert keys(capture(shop), "department") == ["900"]
    assert last_commit(shop)["kind"] == "increment"
    shop.shop.execute("alter table department detach partition department_3")
    assert shop.deployment.scan_source() == ()
    assert capture(shop) == Counter()


def test_a_partition_attached_while_an_earlier_transaction_is_open_lands_once(shop: World):
    shop.shop.execute(PARTITIONED.encode())
    capture(shop)
    with shop.connect() as late:
        change(late, "1", 20)
        shop.shop.execute("update department_2 set location = 'York'")
        shop.shop.execute("update department set location = 'York'")
        capture(shop)
        shop.shop.execute(ATTACH)
        capture(shop)  # all rows are newer than the open transaction: the slice has none
        assert keys(capture(shop), "department") == ["1", "200"]
        late.commit()
    assert keys(capture(shop)) == ["1"]
    assert capture(shop) == Counter()


def test_a_partition_detached_during_delete_detection_is_read_again_once_it_is_back(shop: World):
    shop.shop.execute(f"{PARTITIONED}{ATTACH}".encode())
    capture(shop)
    shop.shop.execute(DETACH)
    execute(
        shop.deployment,
        "extraction",
        datetime.now(timezone.utc).date(),
        request=CaptureRequest(Mode.SWEEP),
    )
    assert last_commit(shop)["kind"] == "sweep"
    shop.shop.execute(ATTACH)
    assert shop.deployment.scan_source() == ("department",)
    assert keys(capture(shop), "department") == ["1", "200"]
    assert capture(shop) == Counter()


def test_rows_of_a_child_that_is_attached_after_the_snapshot_do_not_land(shop: World):
    shop.shop.execute(
        "create table child (like sales_order including all);"
        "insert into child select * from sales_order"
    )
    capture(shop)
    shop.shop.execute("update child set units_sold = 999")
    change(shop.shop, "1", 20)
    with capturing(shop) as finish:
        shop.shop.execute("alter table child inherit sales_order")
        finish()
    assert keys(landed(shop, after=1)) == ["1"]
    with pytest.raises(HedgehogError, match="includes the rows of child"):
        capture(shop)
    shop.shop.execute("alter table child no inherit sales_order")
    assert capture(shop) == Counter()


def test_a_label_that_is_renamed_during_a_capture_is_not_landed(shop: World):
    shop.shop.execute("insert into payment_type values (2, 'SALES_REFUND', now(), now())")
    with capturing(shop) as finish:
        shop.shop.execute("alter type payment_type_name rename value 'SALES_REFUND' to 'x'")
        shop.shop.execute("alter type payment_type_name rename value 'x' to 'SALES_REFUND'")
        with pytest.raises(HedgehogError, match="was renamed while its tables were read: 'SALES_R"):
            finish()
    assert keys(capture(shop), "payment_type") == ["2"]
    assert in_shop(shop) == landed(shop)


def test_a_lake_without_fingerprints_gets_them_without_reading_again(shop: World):
    bucket = shop.settings.ingestion_bucket
    commit = last_commit(shop)
    assert isinstance(commit["base"], dict)
    for watermark in commit["base"].values():
        del watermark["fingerprint"], watermark["alone"]
    del commit["reread_tables"]
    reset_process_caches()
    shop.s3.put_object(Bucket=bucket, Key=commit_key(1), Body=json.dumps(commit).encode())
    shop.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    assert shop.deployment.scan_source() == ()
    place(shop.shop)
    assert keys(capture(shop)) == ["4"]
    watermarks = last_commit(shop)["base"]
    assert isinstance(watermarks, dict)
    assert all(watermarks[name]["fingerprint"] for name in SOURCE)
    shop.shop.execute("alter type payment_type_name rename value 'RECEIPT' to 'SALES_RECEIPT'")
    assert shop.deployment.scan_source() == ("payment_type",)


def test_a_column_with_a_default_that_is_declared_later_is_read_from_then_on(shop: World):
    shop.shop.execute("alter table design add colour text not null default 'red'")
    place(shop.shop)
    capture(shop)
    head = shop.deployment.lake.ingestion.head()
    assert head is not None
    design = SOURCE["design"]
    wider = replace(
        design, columns=(*design.columns, Column("colour", TEXT, description="Its colour."))
    )
    with shop.deployment.source.open_snapshot([design]) as snapshot:
        assert "design" in known_watermarks(snapshot, head)
    with shop.deployment.source.open_snapshot([wider]) as snapshot:
        now = datetime.now(timezone.utc)
        plan = plan_capture(snapshot, head, [wider], slice_rows=9, captured_at=now)
        assert plan.reread_tables["design"].endswith(": column colour was declared")
        (_, row) = map(bytes, snapshot.lines(plan.tables["design"].query))
        assert row.endswith(b",red\n")


@pytest.mark.parametrize(("table", "drop"), [("design", "file_name"), ("payment_type", "payment_")])
def test_dropping_a_declaration_reads_nothing_again(shop: World, table: str, drop: str):
    head = shop.deployment.lake.ingestion.head()
    assert head is not None
    key, *others = SOURCE[table].columns
    columns = (key, *(column for column in others if not column.name.startswith(drop)))
    narrower = replace(SOURCE[table], columns=columns)
    assert len(narrower.columns) == len(others)
    with shop.deployment.source.open_snapshot([narrower]) as snapshot:
        assert redefined_tables(snapshot, head) == {}


def test_other_tables_are_captured_while_one_is_read_again_in_slices(servers: Servers):
    with World.make(servers, slice_rows=4) as world:
        seed(world, 10)
        while capture(world):
            pass
        world.shop.execute(BESIDE)
        place(world.shop)  # into the table that is replaced next
        assert keys(capture(world)) == ["11"]
        world.shop.execute(SWAP)
        slices = []
        for number in range(4):
            world.shop.execute("update currency set last_updated = last_updated + interval '1 s'")
            if number == 1:
                change(world.shop, "1", 77)
                place(world.shop)
            rows = capture(world)
            assert keys(rows, "currency") == ["1"]
            slices.append(keys(rows))
        assert slices == [["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9", "10"], ["1", "12"]]
        kinds = [commit["kind"] for commit in world.commits(world.settings.ingestion_bucket)]
        assert kinds[-4:] == ["archive"] * 3 + ["increment"]
        assert capture(world) == Counter()


def test_a_table_that_changes_again_while_it_is_read_starts_again(servers: Servers):
    with World.make(servers, slice_rows=4) as world:
        seed(world, 6)
        while capture(world):
            pass
        world.shop.execute(BESIDE)
        capture(world)
        world.shop.execute(SWAP)
        assert keys(capture(world)) == ["1", "2", "3", "4"]
        world.shop.execute(
            "alter table sales_order rename agreed_delivery_date to x;"
            "alter table sales_order rename agreed_payment_date to agreed_delivery_date;"
            "alter table sales_order rename x to agreed_payment_date"
        )
        assert keys(capture(world)) == ["1", "2", "3", "4"]
        assert keys(capture(world)) == ["5", "6"]
        assert capture(world) == Counter()


def test_a_run_loads_a_redefined_table_and_reports_why(opened: World):
    opened.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    reasons = [why for run in opened.run() for why in run.reread_tables]
    (why,) = reasons
    assert why.startswith("payment_type was redefined after commit 1 (")
    names = opened.query("select distinct payment_type_name from dim_payment_type")
    assert ("RECEIPT",) in names
    assert ("SALES_RECEIPT",) not in names
    assert_warehouse_is_the_shop(opened)
    assert opened.run() == []


def test_the_next_delete_detection_deletes_rows_that_the_new_table_lacks(opened: World):
    opened.shop.execute(BESIDE)
    opened.shop.execute("delete from beside where sales_order_id = 1; update address set city='Y'")
    opened.run()
    opened.shop.execute(SWAP)
    with pytest.raises(HedgehogError, match=r"^sales_order was redefined after .*`hedgehog run`"):
        opened.detect_deletes()
    opened.run()
    opened.detect_deletes()
    loaded = {key for (key,) in opened.query("select sales_order_id from fact_sales_order_current")}
    there = {key for (key,) in opened.shop.execute("select sales_order_id from sales_order")}
    assert loaded == there
    assert 1 not in loaded
