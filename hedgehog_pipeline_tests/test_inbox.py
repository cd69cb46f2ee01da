"""Files that others bring reach the warehouse; what cannot be taken of them is told, once."""

import gzip
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRunStatus,
    ExecuteInProcessResult,
    build_sensor_context,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.inbox import Take, files_to_take, take_oldest
from hedgehog_pipeline.lake.batch import Batch, batch_id
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline_tests.servers import Servers
from hedgehog_pipeline_tests.world import Rows, World

_NOW = "2026-06-01 09:30:00.123"
_STAMPS = f"{_NOW},{_NOW}"
_CURRENCIES = "currency_id,currency_code,created_at,last_updated"
_DEPARTMENTS = "department_id,department_name,location,manager,created_at,last_updated"
_DESIGNS = "design_id,created_at,design_name,file_location,file_name,last_updated"
_PAYMENTS = (
    "payment_id,created_at,last_updated,transaction_id,counterparty_id,payment_amount,currency_id,"
    "payment_type_id,paid,payment_date,company_ac_number,counterparty_ac_number"
)


@pytest.fixture(scope="module")
def traded(servers: Servers) -> Iterator[World]:
    """A small shop in the warehouse; each test brings files and rows of its own."""
    with World.make(servers) as world:
        world.load_small()
        world.run()
        yield world


def _put(world: World, key: str, *lines: str | bytes) -> str:
    """Put a file, a newline after each line."""
    body = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    return _put_bytes(world, key, body)


def _put_bytes(world: World, key: str, body: bytes) -> str:
    world.s3.put_object(Bucket=world.settings.ingestion_bucket, Key=key, Body=body)
    return key


def _currency(key: int, code: str) -> str:
    return f"{key},{code},{_STAMPS}"


def _codes(world: World, *keys: int) -> list[str]:
    found = world.query(
        "select currency_code from dim_currency where currency_id = any(%s) order by currency_id",
        [list(keys)],
    )
    return [code for (code,) in found]


def _open(world: World, part: str) -> Rows:
    """What is open of a file: key, line, column and reason."""
    return world.query(
        "select key, line, column_name, reason from hedgehog.open_quarantine where part = %s "
        "order by line",
        [part],
    )


def _reason(world: World, part: str) -> str:
    """The reason of the one entry that tells of a whole file."""
    ((key, line, column, reason),) = _open(world, part)
    assert (key, line, column) == ("", 0, "")
    return reason


def _head(world: World) -> IngestionCommit:
    head = world.surroundings.lake.ingestion.head()
    assert head is not None
    return head


def test_a_file_is_taken_once_and_stays_as_it_is(traded: World):
    key = _put(traded, "inbox/currency/once.csv", _CURRENCIES, _currency(10, "CHF"))
    before = _head(traded)
    assert [run.stage for run in traded.run()] == ["extraction", "processing", "storage"]
    assert _codes(traded, 10) == ["CHF"]
    head = _head(traded)
    assert (head.number, head.kind) == (before.number + 1, "inbox")
    assert head.taken is not None
    assert head.taken.key == key
    assert traded.run() == []
    assert key in traded.keys(traded.settings.ingestion_bucket)


def test_an_inbox_commit_leaves_the_bases_as_they_are_and_captures_go_on(traded: World):
    before = _head(traded)
    _put(traded, "inbox/currency/bases.csv", _CURRENCIES, _currency(11, "SEK"))
    traded.run()
    head = _head(traded)
    landed = {"currency": before.base["currency"].model_copy(update={"landed": head.number})}
    assert head.base == {**before.base, **landed}
    assert head.source == before.source
    traded.shop.execute("insert into currency values (12, 'NOK', 'now', 'now')")
    traded.run()
    assert _head(traded).kind == "increment"
    assert _codes(traded, 11, 12) == ["SEK", "NOK"]
    assert traded.run() == []


def test_other_content_under_the_same_key_is_taken_again_the_first_one_included(traded: World):
    for code in ("AAA", "BBB", "AAA"):
        key = _put(traded, "inbox/currency/again.csv", _CURRENCIES, _currency(13, code))
        traded.run()
        assert _codes(traded, 13) == [code]
    _put(traded, key, _CURRENCIES, _currency(13, "AAA"))
    assert traded.run() == []


def test_files_are_taken_one_a_commit_in_the_order_in_which_they_came(traded: World):
    before = _head(traded).number
    _put(traded, "inbox/currency/b.csv", _CURRENCIES, _currency(14, "OLD"))
    _await_another_second(traded)
    _put(traded, "inbox/currency/a.csv", _CURRENCIES, _currency(14, "NEW"))
    traded.run()
    taken = [commit.taken for commit in traded.surroundings.lake.ingestion.after(before)]
    assert [one.key for one in taken if one] == ["inbox/currency/b.csv", "inbox/currency/a.csv"]
    assert _codes(traded, 14) == ["NEW"]


def _await_another_second(world: World) -> None:
    """S3 tells when an object was put by the second."""
    clock = "inbox/clock/"
    _put_bytes(world, clock, b"")
    first = _modified(world, clock)
    while _modified(world, clock) == first:
        _put_bytes(world, clock, b"")


def _modified(world: World, key: str) -> datetime:
    found = world.s3.head_object(Bucket=world.settings.ingestion_bucket, Key=key)
    return found["LastModified"]


def test_what_is_taken_is_found_by_walking_the_log_whoever_looks(traded: World):
    _put(traded, "inbox/currency/walk-1.csv", _CURRENCIES, _currency(15, "ONE"))
    traded.run()
    _put(traded, "inbox/currency/walk-2.csv", _CURRENCIES, _currency(16, "TWO"))
    traded.run()
    head = _head(traded)
    chain: list[str] = []
    number = head.latest_inbox
    while number:
        commit = traded.surroundings.lake.ingestion.read(number)
        assert commit.taken is not None
        chain.append(commit.taken.key)
        number = commit.inbox
    assert chain[:2] == ["inbox/currency/walk-2.csv", "inbox/currency/walk-1.csv"]
    there = [key for key in traded.keys(traded.settings.ingestion_bucket) if "inbox/" in key]
    assert {key for key in there if not key.endswith("/")} <= set(chain)


def test_order_of_columns_bom_crlf_quotes_null_and_unknown_columns(traded: World):
    lines = [
        "\ufeffmanager,note,department_id,department_name,location,last_updated,created_at",
        f'"A ""B"", C\r\nD",x,20,Trade,"",{_STAMPS}',
        f",x,21,,NULL,{_STAMPS}",
        f',"",22,"  Sales ",,{_STAMPS}',
    ]
    staff = "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated"
    people = (f"{n},Ada,Byron,{n},a@x,{_STAMPS}" for n in (20, 21, 22))
    _put_bytes(traded, "inbox/department/all.csv", "\r\n".join(lines).encode())
    _put(traded, "inbox/staff/all.csv", staff, *people)
    traded.run()
    held = traded.query(
        "select department_name, location from dim_staff where staff_id in (20, 21, 22) order by "
        "staff_id"
    )
    assert held == [("Trade", ""), ("Not known", "Not known"), ("  Sales ", "Not known")]
    told = traded.query(
        "select key, line, column_name, reason from hedgehog.open_quarantine "
        "where table_name = 'department'"
    )
    assert told == [("21", 2, "department_name", "is absent")]


def test_a_row_that_was_brought_is_a_version_like_any_other(traded: World):
    said = ["TRUE", "f", '"True"']
    rows = (
        f"2,2026-06-01 09:30:00,2026-06-0{n} 09:30:00,2,1,13{n}.00,1,3,{paid},2026-06-07,1,2"
        for n, paid in enumerate(said, start=2)
    )
    for number, row in enumerate(rows):
        _put(traded, f"inbox/payment/{number}.csv", _PAYMENTS, row)
    traded.run()
    versions = "select paid, payment_amount from fact_payment where payment_id = 2"
    assert len(traded.query(versions)) == 4
    ((paid, amount),) = traded.query(versions.replace("fact_payment", "fact_payment_current"))
    assert (paid, str(amount)) == (True, "134.00")
    traded.shop.execute("update payment set payment_amount = 7 where payment_id = 2")
    traded.run()
    ((paid, amount),) = traded.query(versions.replace("fact_payment", "fact_payment_current"))
    assert (paid, str(amount)) == (False, "7.00")


def test_bad_rows_are_told_with_line_and_text_and_good_ones_are_taken(traded: World):
    key = _put(
        traded,
        "inbox/currency/dirty.csv",
        _CURRENCIES,
        _currency(30, "AAA"),
        "31,too few",
        _currency(32, "B\0B"),
        b"33,\xff," + _STAMPS.encode(),
        _currency(34, '"C\nC"'),
        _currency(35, 'D"D"'),
        f"x,EEE,{_STAMPS}",
        _currency(30, "FFF"),
        "37,GGG,not a time,2026-06-01 09:30:00",
        '38,"cut off',
    )
    traded.run()
    assert _codes(traded, *range(30, 40)) == ["FFF", "C\nC"]
    assert [(found, line, column) for found, line, column, _ in _open(traded, key)] == [
        ("31", 3, ""),
        ("32", 4, "currency_code"),
        ("33", 5, "currency_code"),
        ("", 8, ""),
        ("", 9, "currency_id"),
        ("", 12, ""),
    ]
    assert _open(traded, key)[-1][-1].startswith("is cut off within quotes")
    values = "select value from hedgehog.quarantine where part = %s order by line limit 2"
    assert traded.query(values, [key]) == [("31,too few",), (_currency(32, "B\ufffdB"),)]
    part = traded.query("select part from hedgehog.open_quarantine where key = '37'")
    assert part[0][0].startswith("oltp/currency/")


def test_a_corrected_file_closes_what_was_told_of_the_one_before(traded: World):
    key = _put(
        traded,
        "inbox/staff/corrected.csv",
        "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated",
        f"40,Ada,Byron,1,a@x,{_STAMPS}",
        "41,too few",
        f"no key,Ada,Byron,1,a@x,{_STAMPS}",
        f"42,Ada,Byron,one,a@x,{_STAMPS}",
    )
    traded.run()
    assert [line for _, line, *_ in _open(traded, key)] == [3, 4]
    of_staff = "select key from hedgehog.open_quarantine where table_name = 'staff' order by key"
    assert traded.query(of_staff) == [("",), ("41",), ("42",)]
    _put(
        traded,
        key,
        "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated",
        f"43,Ada,Byron,1,a@x,{_STAMPS}",
        "44,too few",
    )
    traded.run()
    assert traded.query(of_staff) == [("44",)]
    assert [line for _, line, *_ in _open(traded, key)] == [3]


def test_a_row_told_of_is_closed_by_a_later_row_of_its_key(traded: World):
    staff = "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated"
    told = _put(traded, "inbox/staff/told.csv", staff, "50,too few")
    also = _put(traded, "inbox/currency/told.csv", _CURRENCIES, "50,too few")
    traded.run()
    assert [found for found, *_ in _open(traded, told) + _open(traded, also)] == ["50", "50"]
    _put(traded, "inbox/staff/mended.csv", staff, f"50,Ada,Byron,1,a@x,{_STAMPS}")
    _put(traded, "inbox/currency/mended.csv", _CURRENCIES, _currency(50, "YEN"))
    traded.run()
    assert _open(traded, told) + _open(traded, also) == []


def test_a_file_of_which_nothing_can_be_read_is_told_once_and_holds_up_nothing(traded: World):
    good = f"{_CURRENCIES}\n{_currency(60, 'AAA')}\n".encode()
    bodies = {
        "is empty": b"",
        "has a header and no rows": f"{_CURRENCIES}\n".encode(),
        "it has no header": f"{_currency(60, 'AAA')}\n".encode(),
        "or another separator than the comma": good.replace(b",", b";"),
        "lacks the columns currency_code": b"currency_id,created_at,last_updated\n60,now,now\n",
        "is no text in UTF-8 (is it compressed": gzip.compress(good),
        "is no text in UTF-8 (": good.decode().encode("utf-16"),
    }
    keys = {
        reason: _put_bytes(traded, f"inbox/currency/whole-{number}.csv", body)
        for number, (reason, body) in enumerate(bodies.items())
    }
    last = _put(traded, "inbox/currency/whole-last.csv", _CURRENCIES, _currency(61, "BBB"))
    traded.run()
    for reason, key in keys.items():
        assert f"The file {key} " in _reason(traded, key)
        assert reason in _reason(traded, key)
    assert _open(traded, last) == []
    assert _codes(traded, 60, 61) == ["BBB"]
    assert traded.run() == []
    first, *others = keys.values()
    _put_bytes(traded, first, good)
    traded.run()
    assert _open(traded, first) == []
    assert all(_reason(traded, key) for key in others)
    for key in others:
        _put_bytes(traded, key, good)
    traded.run()
    assert [_open(traded, key) for key in keys.values()] == [[]] * len(keys)
    assert _codes(traded, 60) == ["AAA"]


def test_a_file_that_stands_where_no_table_is_is_told_once_and_holds_up_nothing(traded: World):
    keys = (
        "inbox/invoices/x.csv",
        "inbox/x.csv",
        "inbox/currency/2026/x.csv",
        "inbox//x.csv",
        'inbox/Currency/a, "b"\u00e9.csv',
    )
    for key in keys:
        _put(traded, key, _CURRENCIES, _currency(62, "XXX"))
    _put(traded, "inbox/currency/right.csv", _CURRENCIES, _currency(63, "YYY"))
    traded.run()
    for key in keys:
        assert "put it under inbox/<table>/" in _reason(traded, key)
    assert _codes(traded, 62, 63) == ["YYY"]
    assert traded.run() == []


def test_markers_of_folders_are_passed_over(traded: World):
    for key in ("inbox/", "inbox/currency/", "inbox/currency/2027/"):
        _put_bytes(traded, key, b"")
    assert traded.run() == []


def test_a_cell_may_be_longer_than_any_block_or_part(servers: Servers):
    with World.make(servers, part_bytes=1000) as world:
        world.load_small()
        world.run()
        text = 'a "quoted"\nline, ' * 200_000
        quoted = '"' + text.replace('"', '""') + '"'
        rows = [
            f"{n},{_STAMPS[:23]},{quoted if n == 3 else n},/,f,{_STAMPS[:23]}" for n in range(2, 40)
        ]
        _put(world, "inbox/design/long.csv", _DESIGNS, *rows)
        world.run()
        assert world.query("select count(*) from dim_design") == [(39,)]
        assert world.query("select design_name from dim_design where design_id = 3") == [(text,)]
        assert len(_head(world).parts_of("oltp/design")) > 2


@pytest.mark.torture
def test_a_very_large_file_is_taken_whole(world: World):
    world.load_small()
    world.run()
    rows, others = 2_000_000, f"{_STAMPS},1,1,12.50,1,1,t,2026-06-05,1,1"
    many = "\n".join(f"{key},{others}" for key in range(1000, 1000 + rows))
    key = _put(world, "inbox/payment/large.csv", _PAYMENTS, many, "7,too few")
    world.run()
    count = "select count(*), max(payment_id) from fact_payment_current where payment_id >= 1000"
    assert world.query(count) == [(rows, 999 + rows)]
    assert [line for _, line, *_ in _open(world, key)] == [rows + 2]


def test_a_sweep_leaves_rows_alone_that_were_brought(traded: World):
    _put(traded, "inbox/currency/swept.csv", _CURRENCIES, _currency(70, "ZAR"))
    traded.run()
    traded.sweep()
    held = "select currency_code, deleted from dim_currency where currency_id = 70"
    assert traded.query(held) == [("ZAR", False)]


def test_replays_and_an_emptied_warehouse_tell_the_same(servers: Servers):
    with World.make(servers) as world:
        world.load_small()
        world.run()
        key = _put(world, "inbox/currency/x.csv", _CURRENCIES, _currency(2, "CHF"), "3,too few")
        _put(world, "inbox/none/x.csv", "a")
        world.run()
        _put(world, key, _CURRENCIES, _currency(2, "YEN"), "4,too few")
        world.run()
        rows, told = world.all_rows(), _all_open(world)
        assert len(told) == 2
        world.launch("processing")
        world.launch("storage")
        assert _all_open(world) == told
        world.empty_warehouse()
        world.run()
        assert _all_open(world) == told
        assert {t: len(held) for t, held in world.all_rows().items()} == {
            t: len(held) for t, held in rows.items()
        }


def _all_open(world: World) -> Rows:
    columns = "table_name, key, ingestion_commit, part, line, column_name, value, reason"
    return world.query(f"select {columns} from hedgehog.open_quarantine order by {columns}")


def test_without_an_archive_nothing_is_taken_and_a_run_that_asks_is_refused(world: World):
    _put(world, "inbox/currency/early.csv", _CURRENCIES, _currency(2, "CHF"))
    assert world.surroundings.files_to_take() == []
    assert _tick(world).skip_message == "No file waits."
    with pytest.raises(HedgehogError, match="run `hedgehog run` first"):
        _take(world)
    world.load_small()
    world.run()
    assert _codes(world, 2) == ["CHF"]


def test_a_run_without_the_table_of_the_file_is_refused(traded: World):
    _put(traded, "inbox/currency/left-out.csv", _CURRENCIES, _currency(80, "AAA"))
    with pytest.raises(HedgehogError, match="select the asset oltp/currency as well"):
        _take(traded, "staff")
    _take(traded, "staff", "currency")
    assert traded.surroundings.files_to_take() == []


def test_a_file_is_taken_behind_a_commit_that_came_in_between(traded: World):
    _put(traded, "inbox/currency/between.csv", _CURRENCIES, _currency(81, "AAA"))
    lake = traded.surroundings.lake
    take, batch = _begin(traded)
    traded.shop.execute("insert into currency values (82, 'BBB', 'now', 'now')")
    traded.launch("extraction")
    between = _head(traded)
    commit = lake.ingestion.append(take.commit_of(batch, taken_at=_now()))
    assert commit is not None
    assert (commit.number, commit.base["staff"]) == (between.number + 1, between.base["staff"])
    traded.run()
    assert _codes(traded, 81, 82) == ["AAA", "BBB"]


def test_of_two_that_take_a_file_one_lets_it_go(traded: World):
    _put(traded, "inbox/currency/both.csv", _CURRENCIES, _currency(83, "AAA"))
    take, batch = _begin(traded)
    _take(traded)
    end = _head(traded).number
    log = traded.surroundings.lake.ingestion
    assert log.append(take.commit_of(batch, taken_at=_now())) is None
    assert _head(traded).number == end
    assert files_to_take(log) == []


def test_a_file_that_is_replaced_while_it_is_read_is_read_anew(traded: World):
    key = _put(traded, "inbox/currency/replaced.csv", _CURRENCIES, _currency(84, "AAA"))
    bucket = traded.surroundings.lake.ingestion.bucket
    (found,) = traded.surroundings.files_to_take()
    _put(traded, key, _CURRENCIES, _currency(84, "BBB"))
    with pytest.raises(HedgehogError, match="was replaced while it was read"), bucket.open(found):
        pass
    traded.run()
    assert _codes(traded, 84) == ["BBB"]


def test_what_was_found_stands_in_the_materialisation_and_in_the_log(
    traded: World, caplog: pytest.LogCaptureFixture
):
    header, row = f"note,{_CURRENCIES}", f"x,{_currency(85, 'AAA')}"
    key = _put(traded, "inbox/currency/told-in-ui.csv", header, row, row, "x")
    events = _take(traded).asset_materializations_for_node("extract")
    found = {event.asset_key.path[-1]: event.metadata for event in events}
    assert len(found) == 11
    metadata = found["currency"]
    assert metadata["file"].value == key
    assert metadata["columns passed over"].value == ["note"]
    assert metadata["rows superseded"].value == 1
    assert metadata["quarantine"].value == 1
    assert metadata["dagster/partition_row_count"].value == 1
    assert "file" not in found["staff"]
    (line,) = (record for record in caplog.records if record.message == "file taken")
    fields: dict[str, object] = vars(line)["fields"]
    assert (fields["file"], fields["columns passed over"]) == (key, ["note"])


def test_the_sensor_launches_for_a_file_and_is_quiet_without(traded: World):
    traded.run()
    assert _tick(traded).skip_message == "No file waits."
    _put(traded, "inbox/currency/sensed.csv", _CURRENCIES, _currency(86, "AAA"))
    (request,) = _tick(traded).run_requests or []
    assert request.partition_key == f"{_now():%Y-%m-%d}"
    assert request.run_config == {"ops": {"extract": {"config": {"mode": "INBOX"}}}}
    traded.run()


def test_the_sensor_waits_for_a_capture_at_work_and_after_a_failure(traded: World):
    _put(traded, "inbox/currency/waits.csv", _CURRENCIES, _currency(87, "AAA"))
    with DagsterInstance.ephemeral() as instance:
        job = platform(traded.settings).resolve_job_def("extraction")
        run = instance.create_run_for_job(
            job, status=DagsterRunStatus.STARTED, tags={"dagster/sensor_name": "inbox"}
        )
        instance.report_engine_event("at work", run)
        assert _tick(traded, instance).skip_message == "A capture is at work."
        instance.report_run_failed(run)
        assert "runs failed" in (_tick(traded, instance).skip_message or "")
    traded.run()


def _tick(world: World, instance: DagsterInstance | None = None) -> SensorExecutionData:
    repository = platform(world.settings).get_repository_def()
    with DagsterInstance.ephemeral() as fresh:
        context = build_sensor_context(instance=instance or fresh, repository_def=repository)
        return repository.get_sensor_def("inbox").evaluate_tick(context)


def _take(world: World, *tables: str) -> ExecuteInProcessResult:
    """Run extraction for the oldest file, of all tables or some."""
    with DagsterInstance.ephemeral() as instance:
        return (
            platform(world.settings)
            .resolve_job_def("extraction")
            .execute_in_process(
                instance=instance,
                partition_key=f"{_now():%Y-%m-%d}",
                asset_selection=[AssetKey(["oltp", table]) for table in tables] or None,
                run_config={
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    "ops": {"extract": {"config": {"mode": "INBOX"}}},
                },
            )
        )


def _begin(world: World) -> tuple[Take, Batch]:
    """Take the oldest file without Dagster, up to its commit."""
    log = world.surroundings.lake.ingestion
    batch = Batch(batch_id(_now()), _now().date(), log.bucket, "csv")
    take = take_oldest(log, log.head(), list(SHOP.values()), batch)
    assert take is not None
    for table, parts in take.landing.rows.items():
        for rows in parts:
            rows.write(f"oltp/{table}", world.settings.part_bytes)
    return take, batch


def _now() -> datetime:
    return datetime.now(timezone.utc)
