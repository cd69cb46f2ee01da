"""An inbox file becomes rows as COPY writes them, and quarantine entries for the others."""

import io
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from hedgehog_pipeline.inbox.reader import InboxReader, Survey
from hedgehog_pipeline.lake.quarantine_csv import QuarantineEntry
from hedgehog_pipeline_tests.support.demo_model import SOURCE

_STAMPS = "2026-06-01 09:30:00.123,2026-06-01 09:30:00.123"
_HEADER = "currency_id,currency_code,created_at,last_updated"
_PART = "inbox/currency/x.csv"


def _reader(body: str | bytes, table: str = "currency") -> InboxReader:
    content = body.encode() if isinstance(body, str) else body

    @contextmanager
    def opened() -> Generator[Callable[[int], bytes], None, None]:
        yield io.BytesIO(content).read

    return InboxReader(_PART, SOURCE[table], opened)


def _rows(body: str | bytes, table: str = "currency") -> list[bytes]:
    reader = _reader(body, table)
    survey = reader.survey()
    assert survey.refusal == ""
    return list(reader.rows_csv(survey.superseded))


def _faults(*lines: str | bytes) -> list[QuarantineEntry]:
    texts = [line.encode() if isinstance(line, str) else line for line in (_HEADER, *lines)]
    reader = _reader(b"\n".join(texts))
    found = list(reader.faults())
    assert reader.survey().faulty == bool(found)
    return found


def test_columns_are_in_the_order_of_the_declaration_and_others_are_passed_over():
    body = f'note,last_updated,currency_code,"currency_id",created_at\nx,{_STAMPS[:23]},GBP,1,now\n'
    assert _reader(body).survey() == Survey(passed_over=("note",))
    assert _rows(body) == [f"{_HEADER}\n".encode(), f"1,GBP,now,{_STAMPS[:23]}\n".encode()]


def test_null_and_the_empty_text_differ_and_quoting_is_kept():
    header = "department_id,department_name,location,manager,created_at,last_updated"
    rows = [f'1,"a ""b"", c\n\r\nd","",,{_STAMPS}', f"2, NULL ,,\\N,{_STAMPS}"]
    wanted = [f"{line}\n".encode() for line in (header, *rows)]
    assert _rows("\n".join([header, *rows]), "department") == wanted
    assert _rows("\ufeff" + "\r\n".join([header, *rows, "", ""]), "department") == wanted


def test_true_and_false_are_read_in_any_case_and_other_texts_are_kept():
    header = ",".join(column.name for column in SOURCE["payment"].columns)
    values = ["t", "f", "TRUE", '"False"', "T", "yes", "", '""']
    lines = (f"{n},a,b,1,1,1.00,1,1,{value},d,5,6" for n, value in enumerate(values))
    found = _rows("\n".join([header, *lines]), "payment")[1:]
    written = [line.split(b",")[8].decode() for line in found]
    assert written == ["t", "f", "t", "f", "t", "yes", "", '""']


def test_the_last_row_of_a_key_counts_however_the_key_is_written():
    lines = [f"1,AAA,{_STAMPS}", f"2,BBB,{_STAMPS}", f'"01",CCC,{_STAMPS}', "1,too few"]
    body = "\n".join([_HEADER, *lines])
    assert _reader(body).survey() == Survey(superseded=frozenset({2}), faulty=True)
    assert _rows(body)[1:] == [f"2,BBB,{_STAMPS}\n".encode(), f"1,CCC,{_STAMPS}\n".encode()]


@pytest.mark.parametrize(
    ("line", "key", "column", "reason"),
    [
        ("7,EUR", "7", "", "has 2 instead of 4 fields"),
        (f"7,EUR,x,{_STAMPS}", "7", "", "has 5 instead of 4 fields"),
        ("7", "", "", "has 1 instead of 4 fields"),
        (f"7,E\0R,{_STAMPS}", "7", "currency_code", "contains a NUL character, which PostgreSQL "),
        (b"7,\xffUR,a,b", "7", "currency_code", "is not UTF-8"),
        (f",EUR,{_STAMPS}", "", "currency_id", "is absent"),
        (f"seven,EUR,{_STAMPS}", "", "currency_id", "is not a whole number of 32 bits"),
        (f"2147483648,EUR,{_STAMPS}", "", "currency_id", "is not a whole number of 32 bits"),
        (f'7,E"R",{_STAMPS}', "", "", "has a quote or a carriage return in a field without"),
        (f'7,"EUR,{_STAMPS}', "", "", "is cut off within quotes"),
    ],
)
def test_an_invalid_record_is_quarantined_with_its_line_and_text(
    line: str | bytes, key: str, column: str, reason: str
):
    (entry,) = _faults(f"1,GBP,{_STAMPS}", line)
    assert entry[:5] == ("currency", key, _PART, 3, column)
    assert entry.reason is not None
    assert entry.reason.startswith(reason)
    text = line.decode(errors="replace") if isinstance(line, bytes) else line
    assert entry.value == text.replace("\0", "\ufffd")


def test_the_text_in_a_quarantine_entry_is_cut_to_a_thousand_characters():
    (entry,) = _faults("1," + "é" * 5000)
    assert entry.value == "1," + "é" * 998


def test_bad_bytes_in_an_undeclared_column_do_no_harm():
    body = f"{_HEADER},note\n1,GBP,{_STAMPS},".encode() + b"\xff\0\n"
    assert _rows(body)[1:] == [f"1,GBP,{_STAMPS}\n".encode()]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "is empty"),
        ("\n\r\n", "is empty"),
        (f"{_HEADER}\n", "has a header and no rows"),
        (f"1,GBP,{_STAMPS}\n", "which names no column of currency: it has no header, or its"),
        (f"{_HEADER}\n1,GBP,{_STAMPS}\n".replace(",", ";"), "or its separator is not the comma"),
        ("currency_id,created_at\n1,x\n", "lacks the columns currency_code, last_updated"),
        (f"{_HEADER},currency_id\n", "has the columns currency_id more than once"),
        (f"{_HEADER}\n1,GBP,{_STAMPS}\n".encode("utf-16"), "is not UTF-8 text"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "is not UTF-8 text"),
        (b"PK\x03\x04\x14\0\x06\0", "is not UTF-8 text"),
        ('"currency_id,currency', "which names no column of currency"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_message(body: str | bytes, reason: str):
    refusal = _reader(body).survey().refusal
    assert refusal.startswith(f"The file {_PART} ")
    assert reason in refusal
