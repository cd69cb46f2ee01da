"""Two sides are compared key by key; a checksum ignores order and spelling."""

from collections.abc import Iterable
from datetime import date, datetime, time, timezone
from decimal import Decimal

import psycopg
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from hedgehog_pipeline.model.columns import (
    AMOUNT,
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    TEXT,
    TIME,
    TIMESTAMP,
    Column,
    arrow_schema,
    decimal,
)
from hedgehog_pipeline.reconciliation.checksums import (
    Line,
    Total,
    canonical_columns,
    compare,
    render_rows,
)
from hedgehog_pipeline_tests.support.dirty import DIRTY
from hedgehog_pipeline_tests.support.servers import Servers

_COLUMNS = tuple(
    Column(f"c{number}", kind, "A value.", nullable=True)
    for number, kind in enumerate(
        (
            INTEGER,
            TEXT,
            BOOLEAN,
            MONEY,
            AMOUNT,
            DATE,
            TIME,
            TIMESTAMP,
            decimal(9, 6),
            decimal(30, 0),
        )
    )
)
_UTC = timezone.utc
_REST = (None,) * 3
_ROWS = [
    (
        *(1, "text", True, Decimal("0.00"), Decimal("-99999999.99"), date(1, 1, 1), time(0)),
        *(datetime(1, 1, 1, tzinfo=_UTC), Decimal("-0.000001"), Decimal(10**29)),
    ),
    (
        *(2, "", False, Decimal("2.40"), Decimal("2.43"), date(9999, 12, 31)),
        *(time(23, 59, 59, 999000), datetime(2026, 6, 30, 23, 59, 59, 120, tzinfo=_UTC)),
        *(Decimal(0), Decimal(0)),
    ),
    (3, None, None, None, None, None, None, *_REST),
    *(
        (4 + n, text, True, None, None, None, time(9, 30, 0, 120), *_REST)
        for n, text in enumerate(DIRTY)
    ),
]

_sides = st.dictionaries(st.integers(1, 30), st.sampled_from([b"a", b"b", None]))


def _total(lines: Iterable[Line]) -> Total:
    total = Total()
    for _ in total.count(lines):
        pass
    return total


def _line(*values: object) -> bytes:
    rows = [values + (None,) * (len(_COLUMNS) - len(values))]
    return _lines(rows)[0]


def _lines(rows: list[tuple[object, ...]]) -> list[bytes]:
    values = [
        pa.array(column, c.type.arrow)
        for column, c in zip(zip(*rows, strict=True), _COLUMNS, strict=True)
    ]
    return render_rows(pa.table(values, schema=arrow_schema(_COLUMNS)), _COLUMNS)


@given(_sides, _sides)
def test_each_key_that_differs_is_found_once(
    source: dict[int, bytes | None], warehouse: dict[int, bytes | None]
):
    found = compare(sorted(source.items()), sorted(warehouse.items()))

    def keys(ranges: list[tuple[int, int]]) -> list[int]:
        return [key for first, last in ranges for key in range(first, last + 1)]

    assert keys(found.missing) == sorted(source.keys() - warehouse.keys())
    assert keys(found.surplus) == sorted(warehouse.keys() - source.keys())
    both = source.keys() & warehouse.keys()
    assert keys(found.different) == sorted(k for k in both if source[k] != warehouse[k])
    assert (found.source.rows, found.warehouse.rows) == (len(source), len(warehouse))


def test_a_duplicate_row_is_surplus_once():
    found = compare([(1, b"a"), (2, b"b")], [(1, b"a"), (1, b"a"), (2, b"b")])
    assert (found.missing, found.surplus, found.different) == ([], [(1, 1)], [])


@given(st.permutations([(key, str(key).encode()) for key in range(6)]))
def test_the_order_of_rows_does_not_change_the_checksum(lines: list[Line]):
    assert _total(lines) == _total(sorted(lines))


def test_a_checksum_is_the_same_on_every_machine():
    assert _total([(1, b"1\tone"), (2, b"2\ttwo")]).hex == "39378704885fc633"


def test_null_empty_and_shifted_values_have_different_lines():
    lines = {_line(1, None), _line(1, ""), _line(1, r"\N"), _line(1, "\t"), _line(1, r"\t")}
    assert len(lines) == 5


def test_a_line_equals_the_output_of_copy(servers: Servers):
    with psycopg.connect(servers.postgres.dsn("postgres")) as connection:
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(c.type.sql)) for c in _COLUMNS
        )
        connection.execute(sql.SQL("create temporary table sample ({})").format(columns))
        placeholders = sql.SQL(", ").join([sql.Placeholder()] * len(_COLUMNS))
        insert = sql.SQL("insert into sample values ({})").format(placeholders)
        connection.cursor().executemany(insert, _ROWS)
        query = sql.SQL("copy (select {} from sample order by c0) to stdout")
        with connection.cursor().copy(query.format(canonical_columns(_COLUMNS))) as copy:
            written = [bytes(line).removesuffix(b"\n") for line in copy]
    assert written == _lines(_ROWS)


def test_equal_numbers_are_written_alike_whatever_their_scale(servers: Servers):
    select = sql.SQL("select {} from (values ({}::numeric)) as sample(c4)")
    with psycopg.connect(servers.postgres.dsn("postgres")) as connection:

        def written(number: str) -> object:
            query = select.format(canonical_columns(_COLUMNS[4:5]), sql.Literal(number))
            return str(connection.execute(query).fetchall()[0][0])

        assert {written(number) for number in ("2.4", "2.40", "2.4000")} == {"2.40"}
        assert written("2.401") == "2.401"
        assert written("NaN") == "NaN"
