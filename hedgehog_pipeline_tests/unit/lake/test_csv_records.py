"""Any CSV is read field by field; what is not valid CSV costs only its own line."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgehog_pipeline.lake import csv_records
from hedgehog_pipeline.lake.csv_records import Record, fields_of, records

_TEXT = st.text(st.sampled_from('a",\n\r é\u2028\x85\x0b'), max_size=6)


def _reader(body: bytes, most: int = 1 << 30) -> Callable[[int], bytes]:
    """Read a body a few bytes at a time."""
    stream = io.BytesIO(body)
    return lambda size: stream.read(min(size, most))


def _read(body: bytes, most: int = 1 << 30) -> list[Record]:
    return list(records(_reader(body, most)))


def _lines(body: bytes) -> list[tuple[int, list[bytes], str]]:
    return [(record.line, record.fields, record.fault) for record in _read(body)]


def _value(field: bytes) -> str:
    text = field.decode()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


@given(
    rows=st.lists(st.lists(_TEXT, min_size=2, max_size=4), max_size=5),
    style=st.sampled_from(
        [("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]
    ),
    most=st.integers(3, 40),
)
def test_what_a_csv_writer_writes_is_read_however_it_arrives(
    rows: list[list[str]], style: tuple[str, int], most: int
):
    text, (end, quoting) = io.StringIO(newline=""), style
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)
    body = text.getvalue().encode()
    found = _read(body, most)
    assert [[_value(field) for field in record.fields] for record in found] == rows
    assert not any(record.fault for record in found)


@given(body=st.text(st.sampled_from('a",\n\r')).map(str.encode), most=st.integers(1, 9))
def test_whatever_the_bytes_nothing_is_lost_or_invented(body: bytes, most: int):
    found = _read(body, most)
    assert found == _read(body)
    lines = body.split(b"\n")
    for record in found:
        rest = b"\n".join(lines[record.line - 1 :])
        assert rest.startswith(record.text)
        assert bool(record.fields) != bool(record.fault)
        assert not record.fields or b",".join(record.fields) == record.text
        lines[record.line - 1 : record.line + record.text.count(b"\n")] = [
            b"" for _ in range(1 + record.text.count(b"\n"))
        ]
    assert b"".join(lines).strip(b"\r") == b""


def test_the_line_of_a_record_is_where_it_begins():
    found = _lines(b'\xef\xbb\xbfa,b\r\n\n1,"x\ny"\n\r\n2,z')
    assert found == [
        (1, [b"a", b"b"], ""),
        (3, [b"1", b'"x\ny"'], ""),
        (6, [b"2", b"z"], ""),
    ]


@pytest.mark.parametrize(
    "text",
    [b'1,a"b', b'1,"a"b', b'1,"a" ', b'1, "a"', b'"', b'1,"a""', b"a\rb", b'a\r,"b"', b'"a"\r\r'],
)
def test_an_ambiguous_record_is_a_fault(text: bytes):
    assert fields_of(text) == []
    before, faulty, after = _lines(b"1,x\n" + text + b'\n2,"y"\n')
    assert (before[1], after) == ([b"1", b"x"], (3, [b"2", b'"y"'], ""))
    assert faulty[0] == 2
    assert faulty[2]


def test_a_file_that_ends_within_quotes_is_cut_off_there():
    found = _lines(b'1,"x"\n2,"y')
    assert found[0] == (1, [b"1", b'"x"'], "")
    assert found[1][0] == 2
    assert found[1][2].startswith("is cut off within quotes")


def test_a_stray_quote_far_from_the_next_costs_only_its_line():
    rows = b"".join(b"%d,some text\n" % number for number in range(2, 100_000))
    found = _read(b'1,"x\n' + rows + b'0,"y"\n')
    assert [record.line for record in found if record.fault] == [1]
    assert len(found) == 100_000


def test_a_record_that_is_too_long_costs_no_memory_and_no_other_record(
    monkeypatch: pytest.MonkeyPatch,
):
    most = 1 << 20
    monkeypatch.setattr(csv_records, "MAX_BYTES", most)
    long, too_long = b'"%s"' % (b"a\n" * (most // 2 - 10)), b"b" * (3 * most)
    long_record, endless, last = _read(b"1," + long + b"\n2," + too_long + b"\n3,c\n")
    assert long_record.fields == [b"1", long]
    assert endless.fault.startswith("is longer than 32 MiB")
    assert len(endless.text) <= most + 1
    assert last.fields == [b"3", b"c"]
    assert last.line == most // 2 - 10 + 3
