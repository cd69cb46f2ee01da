"""What an inbox file may contain; what cannot be read of it is quarantined, once."""

import gzip
from collections.abc import Iterator

import pytest

from hedgehog_pipeline_tests.support.archived import Archived
from hedgehog_pipeline_tests.support.inbox_files import (
    CURRENCIES,
    STAMPS,
    codes,
    currency,
    entries_of,
    head_of,
    put,
    put_bytes,
    reason_given,
)
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import Rows, World

_DEPARTMENTS = "department_id,department_name,location,manager,created_at,last_updated"
_DESIGNS = "design_id,created_at,design_name,file_location,file_name,last_updated"
_PAYMENTS = (
    "payment_id,created_at,last_updated,transaction_id,counterparty_id,payment_amount,currency_id,"
    "payment_type_id,paid,payment_date,company_ac_number,counterparty_ac_number"
)


@pytest.fixture(scope="module")
def traded(archived: Archived) -> Iterator[World]:
    """A small shop in the warehouse; each test adds its own files and rows."""
    with archived.copy() as world:
        yield world


def test_a_file_may_vary_in_column_order_line_ends_quotes_and_bom(traded: World):
    lines = [
        "\ufeffmanager,note,department_id,department_name,location,last_updated,created_at",
        f'"A ""B"", C\r\nD",x,20,Trade,"",{STAMPS}',
        f",x,21,,NULL,{STAMPS}",
        f',"",22,"  Sales ",,{STAMPS}',
    ]
    staff = "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated"
    people = (f"{n},Ada,Byron,{n},a@x,{STAMPS}" for n in (20, 21, 22))
    put_bytes(traded, "inbox/department/all.csv", "\r\n".join(lines).encode())
    put(traded, "inbox/staff/all.csv", staff, *people)
    traded.run()
    loaded = traded.query(
        "select department_name, location from dim_staff where staff_id in (20, 21, 22) order by "
        "staff_id"
    )
    assert loaded == [("Trade", ""), ("Not known", "Not known"), ("  Sales ", "Not known")]
    entries = traded.query(
        "select key, line, column_name, reason from hedgehog.open_quarantine "
        "where table_name = 'department'"
    )
    assert entries == [("21", 2, "department_name", "is absent")]


def test_a_row_of_an_inbox_file_is_a_version_like_any_other(traded: World):
    booleans = ["TRUE", "f", '"True"']
    rows = (
        f"2,2026-06-01 09:30:00,2026-06-0{n} 09:30:00,2,1,13{n}.00,1,3,{paid},2026-06-07,1,2"
        for n, paid in enumerate(booleans, start=2)
    )
    for number, row in enumerate(rows):
        put(traded, f"inbox/payment/{number}.csv", _PAYMENTS, row)
    traded.run()
    versions = "select paid, payment_amount from fact_payment where payment_id = 2"
    assert len(traded.query(versions)) == 4
    ((paid, amount),) = traded.query(versions.replace("fact_payment", "fact_payment_current"))
    assert (paid, str(amount)) == (True, "134.00")
    traded.shop.execute("update payment set payment_amount = 7 where payment_id = 2")
    traded.run()
    ((paid, amount),) = traded.query(versions.replace("fact_payment", "fact_payment_current"))
    assert (paid, str(amount)) == (False, "7.00")


def test_bad_rows_are_quarantined_with_line_and_text_and_valid_rows_land(traded: World):
    key = put(
        traded,
        "inbox/currency/dirty.csv",
        CURRENCIES,
        currency(30, "AAA"),
        "31,too few",
        currency(32, "B\0B"),
        b"33,\xff," + STAMPS.encode(),
        currency(34, '"C\nC"'),
        currency(35, 'D"D"'),
        f"x,EEE,{STAMPS}",
        currency(30, "FFF"),
        "37,GGG,not a time,2026-06-01 09:30:00",
        '38,"cut off',
    )
    traded.run()
    assert codes(traded, *range(30, 40)) == ["FFF", "C\nC"]
    assert [(found, line, column) for found, line, column, _ in entries_of(traded, key)] == [
        ("31", 3, ""),
        ("32", 4, "currency_code"),
        ("33", 5, "currency_code"),
        ("", 8, ""),
        ("", 9, "currency_id"),
        ("", 12, ""),
    ]
    assert entries_of(traded, key)[-1][-1].startswith("is cut off within quotes")
    values = "select value from hedgehog.quarantine where part = %s order by line limit 2"
    assert traded.query(values, [key]) == [("31,too few",), (currency(32, "B\ufffdB"),)]
    part = traded.query("select part from hedgehog.open_quarantine where key = '37'")
    assert part[0][0].startswith("oltp/currency/")


def test_a_corrected_file_closes_the_entries_of_the_one_before(traded: World):
    key = put(
        traded,
        "inbox/staff/corrected.csv",
        "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated",
        f"40,Ada,Byron,1,a@x,{STAMPS}",
        "41,too few",
        f"no key,Ada,Byron,1,a@x,{STAMPS}",
        f"42,Ada,Byron,one,a@x,{STAMPS}",
    )
    traded.run()
    assert [line for _, line, *_ in entries_of(traded, key)] == [3, 4]
    of_staff = "select key from hedgehog.open_quarantine where table_name = 'staff' order by key"
    assert traded.query(of_staff) == [("",), ("41",), ("42",)]
    put(
        traded,
        key,
        "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated",
        f"43,Ada,Byron,1,a@x,{STAMPS}",
        "44,too few",
    )
    traded.run()
    assert traded.query(of_staff) == [("44",)]
    assert [line for _, line, *_ in entries_of(traded, key)] == [3]


def test_a_later_row_of_the_key_closes_an_entry(traded: World):
    staff = "staff_id,first_name,last_name,department_id,email_address,created_at,last_updated"
    of_staff = put(traded, "inbox/staff/bad.csv", staff, "50,too few")
    of_currency = put(traded, "inbox/currency/bad.csv", CURRENCIES, "50,too few")
    traded.run()
    entries = entries_of(traded, of_staff) + entries_of(traded, of_currency)
    assert [found for found, *_ in entries] == ["50", "50"]
    put(traded, "inbox/staff/fixed.csv", staff, f"50,Ada,Byron,1,a@x,{STAMPS}")
    put(traded, "inbox/currency/fixed.csv", CURRENCIES, currency(50, "YEN"))
    traded.run()
    assert entries_of(traded, of_staff) + entries_of(traded, of_currency) == []


def test_a_file_that_cannot_be_read_gets_one_entry_and_delays_no_other_file(traded: World):
    good = f"{CURRENCIES}\n{currency(60, 'AAA')}\n".encode()
    bodies = {
        "is empty": b"",
        "has a header and no rows": f"{CURRENCIES}\n".encode(),
        "it has no header": f"{currency(60, 'AAA')}\n".encode(),
        "or its separator is not the comma": good.replace(b",", b";"),
        "lacks the columns currency_code": b"currency_id,created_at,last_updated\n60,now,now\n",
        "is not UTF-8 text (is it compressed": gzip.compress(good),
        "is not UTF-8 text (": good.decode().encode("utf-16"),
    }
    keys = {
        reason: put_bytes(traded, f"inbox/currency/whole-{number}.csv", body)
        for number, (reason, body) in enumerate(bodies.items())
    }
    last = put(traded, "inbox/currency/whole-last.csv", CURRENCIES, currency(61, "BBB"))
    traded.run()
    for reason, key in keys.items():
        assert f"The file {key} " in reason_given(traded, key)
        assert reason in reason_given(traded, key)
    assert entries_of(traded, last) == []
    assert codes(traded, 60, 61) == ["BBB"]
    assert traded.run() == []
    first, *others = keys.values()
    put_bytes(traded, first, good)
    traded.run()
    assert entries_of(traded, first) == []
    assert all(reason_given(traded, key) for key in others)
    for key in others:
        put_bytes(traded, key, good)
    traded.run()
    assert [entries_of(traded, key) for key in keys.values()] == [[]] * len(keys)
    assert codes(traded, 60) == ["AAA"]


def test_a_file_in_no_table_folder_gets_one_entry_and_delays_no_other_file(traded: World):
    keys = (
        "inbox/invoices/x.csv",
        "inbox/x.csv",
        "inbox/currency/2026/x.csv",
        "inbox//x.csv",
        'inbox/Currency/a, "b"\u00e9.csv',
    )
    for key in keys:
        put(traded, key, CURRENCIES, currency(62, "XXX"))
    put(traded, "inbox/currency/right.csv", CURRENCIES, currency(63, "YYY"))
    traded.run()
    for key in keys:
        assert "put it under inbox/<table>/" in reason_given(traded, key)
    assert codes(traded, 62, 63) == ["YYY"]
    assert traded.run() == []


def test_markers_of_folders_are_passed_over(traded: World):
    for key in ("inbox/", "inbox/currency/", "inbox/currency/2027/"):
        put_bytes(traded, key, b"")
    assert traded.run() == []


def test_a_cell_may_be_longer_than_any_block_or_part(servers: Servers):
    with World.make(servers, part_bytes=1000) as world:
        world.load_small()
        world.run()
        text = 'a "quoted"\nline, ' * 200_000
        quoted = '"' + text.replace('"', '""') + '"'
        rows = [
            f"{n},{STAMPS[:23]},{quoted if n == 3 else n},/,f,{STAMPS[:23]}" for n in range(2, 40)
        ]
        put(world, "inbox/design/long.csv", _DESIGNS, *rows)
        world.run()
        assert world.query("select count(*) from dim_design") == [(39,)]
        assert world.query("select design_name from dim_design where design_id = 3") == [(text,)]
        assert len(head_of(world).parts_of("oltp/design")) > 2


@pytest.mark.torture
def test_a_very_large_file_lands_completely(opened: World):
    rows, others = 2_000_000, f"{STAMPS},1,1,12.50,1,1,t,2026-06-05,1,1"
    many = "\n".join(f"{key},{others}" for key in range(1000, 1000 + rows))
    key = put(opened, "inbox/payment/large.csv", _PAYMENTS, many, "7,too few")
    opened.run()
    count = "select count(*), max(payment_id) from fact_payment_current where payment_id >= 1000"
    assert opened.query(count) == [(rows, 999 + rows)]
    assert [line for _, line, *_ in entries_of(opened, key)] == [rows + 2]


def test_replays_and_a_rebuilt_warehouse_have_the_same_entries(archived: Archived):
    with archived.copy() as world:
        key = put(world, "inbox/currency/x.csv", CURRENCIES, currency(2, "CHF"), "3,too few")
        put(world, "inbox/none/x.csv", "a")
        world.run()
        put(world, key, CURRENCIES, currency(2, "YEN"), "4,too few")
        world.run()
        rows, entries = world.all_rows(), _all_open(world)
        assert len(entries) == 2
        world.launch("processing")
        world.launch("storage")
        assert _all_open(world) == entries
        world.empty_warehouse()
        world.run()
        assert _all_open(world) == entries
        assert {t: len(found) for t, found in world.all_rows().items()} == {
            t: len(found) for t, found in rows.items()
        }


def _all_open(world: World) -> Rows:
    columns = "table_name, key, ingestion_commit, part, line, column_name, value, reason"
    return world.query(f"select {columns} from hedgehog.open_quarantine order by {columns}")


def test_a_timestamp_of_the_year_0_keeps_only_its_line_out(traded: World):
    time, good = "0000-03-26 00:36:37", currency(91, "NIL")
    bad = f"90,ZRO,{time},{time}"
    part = put(traded, "inbox/currency/year_0.csv", CURRENCIES, bad, good)
    assert traded.run()
    assert codes(traded, 90, 91) == ["NIL"]
    entries = traded.query(
        "select key, column_name, value from hedgehog.open_quarantine "
        "where table_name = 'currency' and key = '90' order by column_name"
    )
    assert entries == [("90", "created_at", time), ("90", "last_updated", time)]
    assert entries_of(traded, part) == []
