"""Changes that write no row: what a SELECT of a table gives becomes another, and `xmin` stays."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.capture import plan_capture
from hedgehog_pipeline.extraction.capture_request import CaptureRequest, Mode
from hedgehog_pipeline.extraction.source_identity import another_tables, known_watermarks
from hedgehog_pipeline.lake.log import commit_key
from hedgehog_pipeline.model.columns import TEXT, Column
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.runner.execute import execute
from hedgehog_pipeline_tests.extraction.capturing import capture, capturing
from hedgehog_pipeline_tests.extraction.landed import Row, in_shop, keys, landed
from hedgehog_pipeline_tests.extraction.shop import change, place, seed
from hedgehog_pipeline_tests.extraction.warehouse import assert_warehouse_is_the_shop
from hedgehog_pipeline_tests.world import Servers, World, as_a_new_process

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
        table: which one.
        change: what the shop does.
        told: a piece of the sentence that says so.
        before: what it did before the last capture.
        since: the version of PostgreSQL that has it.
    """

    table: str
    change: str
    told: str
    before: str = "select"
    since: int = 0


CASES = {
    "a label of an enum": Case(
        "payment_type",
        "alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'",
        "its enums have no 'SALES_RECEIPT' any more",
    ),
    "labels of an enum that are exchanged": Case(
        "payment_type",
        "alter type payment_type_name rename value 'SALES_RECEIPT' to 'x';"
        "alter type payment_type_name rename value 'SALES_REFUND' to 'SALES_RECEIPT';"
        "alter type payment_type_name rename value 'x' to 'SALES_REFUND'",
        "its enums have no 'SALES_RECEIPT', 'SALES_REFUND' any more",
    ),
    "a label of a domain's enum": Case(
        "payment_type",
        "alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'",
        "its enums have no 'SALES_RECEIPT' any more",
        "create domain kind as payment_type_name;"
        "alter table payment_type alter payment_type_name type kind",
    ),
    "names of columns that are exchanged": Case(
        "staff",
        "alter table staff rename first_name to x; alter table staff rename last_name to "
        "first_name; alter table staff rename x to last_name",
        "first_name is another column and last_name is another column",
    ),
    "a column that is made anew with a default": Case(
        "design",
        "alter table design drop file_name, add file_name_2 text not null default 'x';"
        "alter table design rename file_name_2 to file_name",
        "file_name is another column",
    ),
    "what a column is generated from": Case(
        "design",
        "alter table design alter file_name set expression as (design_name || 'y')",
        "file_name is another column",
        "alter table design drop file_name,"
        "add file_name text generated always as (design_name || 'x') virtual",
        180000,
    ),
    "a table that was filled beside it": Case(
        "sales_order", SWAP, "another one has its name", BESIDE
    ),
    "a partition that is attached with rows": Case(
        "department", ATTACH, "a partition came with its rows", PARTITIONED
    ),
    "a partition that is altered while it is detached": Case(
        "department",
        DETACH_ALTER_ATTACH.format("department_2"),
        "a partition came with its rows",
        PARTITIONED + ATTACH,
    ),
    "a partition that is altered while the one above it is detached": Case(
        "department",
        DETACH_ALTER_ATTACH.format("middle"),
        "a partition came with its rows",
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
    "a column that nobody declared": "alter table design add colour text not null default 'red'",
    "a longer text": "alter table currency alter currency_code type varchar(9)",
    "another type of the same text": "alter table currency alter currency_code type text",
    "the name of what columns are generated from": "alter table design rename note to remark",
    "a new label": "alter type payment_type_name add value 'GIFT' before 'SALES_REFUND'",
    "the name of a type": "alter type payment_type_name rename to kind",
    "a constraint": "alter table design add check (design_id > 0)",
}


def of_table(rows: Counter[Row], table: str) -> Counter[Row]:
    return Counter({row: count for row, count in rows.items() if row[0] == table})


def last_commit(world: World) -> dict[str, object]:
    return world.commits(world.settings.ingestion_bucket)[-1]


@pytest.mark.parametrize("name", CASES)
def test_a_table_that_is_another_one_is_read_in_full_again_alone(shop: World, name: str):
    case = CASES[name]
    if shop.shop.info.server_version < case.since:
        pytest.skip(f"PostgreSQL {case.since // 10000} has it.")
    shop.shop.execute(case.before.encode())
    shop.shop.execute("update address set city = 'York'")
    capture(shop)
    assert shop.deployment.scan_shop() == ()
    number = last_commit(shop)["number"]

    shop.shop.execute(case.change.encode())
    assert shop.deployment.scan_shop() == (case.table,)
    assert capture(shop) == of_table(in_shop(shop), case.table)
    reasons = last_commit(shop)["reread_tables"]
    assert isinstance(reasons, dict)
    assert list(reasons) == [case.table]
    assert reasons[case.table].startswith(f"{case.table} is another table since commit {number} (")
    assert reasons[case.table].endswith(f" UTC): {case.told}")
    assert shop.deployment.scan_shop() == ()
    assert capture(shop) == Counter()
    assert last_commit(shop)["reread"] is None


@pytest.mark.parametrize("name", SAME)
def test_what_no_select_of_the_declared_columns_shows_reads_nothing_again(shop: World, name: str):
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
    assert shop.deployment.scan_shop() == ()
    assert capture(shop) == Counter()


def test_a_search_path_that_leads_to_another_table_reads_that_one(shop: World):
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
    assert shop.deployment.scan_shop() == ("currency",)
    ((table, key, code, *_),) = capture(shop)
    assert (table, key, code) == ("currency", "1", "EUR")
    assert capture(shop) == Counter()


def test_a_partition_that_brings_no_earlier_row_reads_nothing_again(shop: World):
    shop.shop.execute(PARTITIONED.encode())
    capture(shop)
    shop.shop.execute("create table department_3 partition of department default")
    head, tables = shop.deployment.lake.ingestion.head(), list(SOURCE.values())
    assert head
    with shop.deployment.source.moment(tables) as moment:
        assert another_tables(moment, head) == {}
        scans = "select sum(seq_scan) from pg_stat_xact_user_tables where relname ~ 'department_'"
        assert moment.fetch(sql.SQL(scans).format()) == [(0,)]  # an empty one costs none
    assert shop.deployment.scan_shop() == ()
    shop.shop.execute("insert into department values (900, 'Books', 'Hull', null, now(), now())")
    assert keys(capture(shop), "department") == ["900"]
    assert last_commit(shop)["kind"] == "increment"
    shop.shop.execute("alter table department detach partition department_3")
    assert shop.deployment.scan_shop() == ()
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
        capture(shop)  # all of it is newer than the open transaction: the archive holds none
        assert keys(capture(shop), "department") == ["1", "200"]
        late.commit()
    assert keys(capture(shop)) == ["1"]
    assert capture(shop) == Counter()


def test_a_partition_that_a_sweep_found_gone_is_read_again_once_it_is_back(shop: World):
    shop.shop.execute(f"{PARTITIONED}{ATTACH}".encode())
    capture(shop)
    shop.shop.execute(DETACH)
    execute(
        shop.settings,
        "extraction",
        datetime.now(timezone.utc).date(),
        asked=CaptureRequest(Mode.SWEEP),
    )
    assert last_commit(shop)["kind"] == "sweep"
    shop.shop.execute(ATTACH)
    assert shop.deployment.scan_shop() == ("department",)
    assert keys(capture(shop), "department") == ["1", "200"]
    assert capture(shop) == Counter()


def test_rows_of_a_child_that_comes_after_the_snapshot_are_not_those_of_the_table(shop: World):
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
    with pytest.raises(HedgehogError, match="gives the rows of child as its own"):
        capture(shop)
    shop.shop.execute("alter table child no inherit sales_order")
    assert capture(shop) == Counter()


def test_a_label_that_has_another_name_while_it_is_read_is_not_landed(shop: World):
    shop.shop.execute("insert into payment_type values (2, 'SALES_REFUND', now(), now())")
    with capturing(shop) as finish:
        shop.shop.execute("alter type payment_type_name rename value 'SALES_REFUND' to 'x'")
        shop.shop.execute("alter type payment_type_name rename value 'x' to 'SALES_REFUND'")
        with pytest.raises(HedgehogError, match="was renamed while its tables were read: 'SALES_R"):
            finish()
    assert keys(capture(shop), "payment_type") == ["2"]
    assert in_shop(shop) == landed(shop)


def test_a_lake_without_fingerprints_takes_them_without_reading_again(shop: World):
    bucket = shop.settings.ingestion_bucket
    commit = last_commit(shop)
    assert isinstance(commit["base"], dict)
    for base in commit["base"].values():
        del base["fingerprint"], base["alone"]
    del commit["reread_tables"]
    as_a_new_process()
    shop.s3.put_object(Bucket=bucket, Key=commit_key(1), Body=json.dumps(commit).encode())
    shop.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    assert shop.deployment.scan_shop() == ()
    place(shop.shop)
    assert keys(capture(shop)) == ["4"]
    base = last_commit(shop)["base"]
    assert isinstance(base, dict)
    assert all(base[name]["fingerprint"] for name in SOURCE)
    shop.shop.execute("alter type payment_type_name rename value 'RECEIPT' to 'SALES_RECEIPT'")
    assert shop.deployment.scan_shop() == ("payment_type",)


def test_a_column_with_a_default_that_is_declared_later_is_read_then(shop: World):
    shop.shop.execute("alter table design add colour text not null default 'red'")
    place(shop.shop)
    capture(shop)
    head = shop.deployment.lake.ingestion.head()
    assert head is not None
    design = SOURCE["design"]
    wider = replace(
        design, columns=(*design.columns, Column("colour", TEXT, description="Its colour."))
    )
    with shop.deployment.source.moment([design]) as moment:
        assert "design" in known_watermarks(moment, head)
    with shop.deployment.source.moment([wider]) as moment:
        now = datetime.now(timezone.utc)
        plan = plan_capture(moment, head, [wider], slice_rows=9, captured_at=now)
        assert plan.reread_tables["design"].endswith(": colour is declared since")
        (_, row) = map(bytes, moment.lines(plan.tables["design"].query))
        assert row.endswith(b",red\n")


@pytest.mark.parametrize(("table", "left"), [("design", "file_name"), ("payment_type", "payment_")])
def test_a_column_that_is_declared_no_more_reads_nothing_again(shop: World, table: str, left: str):
    head = shop.deployment.lake.ingestion.head()
    assert head is not None
    key, *others = SOURCE[table].columns
    columns = (key, *(column for column in others if not column.name.startswith(left)))
    narrower = replace(SOURCE[table], columns=columns)
    assert len(narrower.columns) == len(others)
    with shop.deployment.source.moment([narrower]) as moment:
        assert another_tables(moment, head) == {}


def test_other_tables_are_captured_while_one_is_read_again_in_slices(servers: Servers):
    with World.make(servers, slice_rows=4) as world:
        seed(world, 10)
        while capture(world):
            pass
        world.shop.execute(BESIDE)
        place(world.shop)  # into the table that is about to go
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


def test_a_table_that_changes_again_while_it_is_read_begins_anew(servers: Servers):
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


def test_a_run_takes_it_to_the_warehouse_and_says_so(opened: World):
    opened.shop.execute("alter type payment_type_name rename value 'SALES_RECEIPT' to 'RECEIPT'")
    told = [why for run in opened.run() for why in run.reread_tables]
    (why,) = told
    assert why.startswith("payment_type is another table since commit 1 (")
    names = opened.query("select distinct payment_type_name from dim_payment_type")
    assert ("RECEIPT",) in names
    assert ("SALES_RECEIPT",) not in names
    assert_warehouse_is_the_shop(opened)
    assert opened.run() == []


def test_rows_that_the_other_table_lacks_are_gone_by_the_next_sweep(opened: World):
    opened.shop.execute(BESIDE)
    opened.shop.execute("delete from beside where sales_order_id = 1; update address set city='Y'")
    opened.run()
    opened.shop.execute(SWAP)
    with pytest.raises(HedgehogError, match=r"^sales_order is another table since .*; sweep"):
        opened.sweep()
    opened.run()
    opened.sweep()
    held = {key for (key,) in opened.query("select sales_order_id from fact_sales_order_current")}
    there = {key for (key,) in opened.shop.execute("select sales_order_id from sales_order")}
    assert held == there
    assert 1 not in held
