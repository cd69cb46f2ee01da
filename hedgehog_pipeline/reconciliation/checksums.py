r"""Rows as lines of text, compared key by key, and summed up so that their order leaves no trace.

The line of a row is what PostgreSQL's COPY writes of it, the key first: tabs between the values,
`\N` for NULL. A checksum is the sum of the lines' BLAKE2b digests of 64 bits, modulo 2^64.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from hedgehog_pipeline.model.columns import BOOLEAN, TEXT, TIME, TIMESTAMP, Column
from hedgehog_pipeline.postgres.key_ranges import append

Line = tuple[int, bytes | None]
"""The key of a row and its line; None where a value of the row cannot be read."""

_END: Line = (2**63, None)
"""Behind every key that a bigint can be."""

_DIGEST_BYTES = 8
_ESCAPED = {"\\": r"\\", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_ESCAPED["\v"] = r"\v"
_ONE_SPELLING = {
    TIME: "to_char({0}, 'HH24:MI:SS.US')",
    TIMESTAMP: "to_char({0} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US\"Z\"')",
}
"""What to ask PostgreSQL for where equal values have several spellings."""


@dataclass
class Total:
    """What one side holds.

    Attributes:
        rows: how many rows.
        checksum: the sum of their digests; a row that cannot be read adds nothing.
    """

    rows: int = 0
    checksum: int = 0

    def adding(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Hand rows on, and count them in."""
        for key, line in lines:
            self.rows += 1
            if line is not None:
                self.checksum = (self.checksum + _digest(line)) % 2 ** (8 * _DIGEST_BYTES)
            yield key, line

    @property
    def hex(self) -> str:
        """The checksum as people compare it."""
        return f"{self.checksum:0{2 * _DIGEST_BYTES}x}"


@dataclass(frozen=True)
class Comparison:
    """Two sides of a table, compared key by key.

    Attributes:
        shop: what the shop holds.
        warehouse: what the warehouse holds.
        missing: ranges of the keys that only the shop holds.
        surplus: those that only the warehouse holds, or holds once too often.
        different: those whose values differ, or cannot be read in the shop.
    """

    shop: Total
    warehouse: Total
    missing: list[tuple[int, int]]
    surplus: list[tuple[int, int]]
    different: list[tuple[int, int]]

    @property
    def totals(self) -> dict[str, Total]:
        """The two sides by name."""
        return {"shop": self.shop, "warehouse": self.warehouse}


def compare(shop: Iterable[Line], warehouse: Iterable[Line]) -> Comparison:
    """Walk along both sides, each in the order of its keys."""
    found = Comparison(Total(), Total(), [], [], [])
    theirs, ours = found.shop.adding(shop), found.warehouse.adding(warehouse)
    left, right = next(theirs, _END), next(ours, _END)
    while (key := min(left[0], right[0])) != _END[0]:
        if right[0] != key:
            append(found.missing, key)
            left = next(theirs, _END)
        elif left[0] != key:
            append(found.surplus, key)
            right = next(ours, _END)
        else:
            if left != right:
                append(found.different, key)
            left, right = next(theirs, _END), next(ours, _END)
    return found


def lines_of(rows: pa.Table, columns: Sequence[Column]) -> list[bytes]:
    """Write rows as PostgreSQL would write them where `selected` is what it is asked for."""
    texts = [_texts(rows[column.name], column) for column in columns]
    lines = pc.binary_join_element_wise(
        *texts, "\t", null_handling="replace", null_replacement=r"\N"
    )
    return lines.cast(pa.binary()).to_pylist()


def selected(columns: Iterable[Column]) -> sql.Composed:
    """List what to ask PostgreSQL for, so that its COPY writes equal values alike."""
    return sql.SQL(", ").join(in_one_spelling(sql.Identifier(c.name), c) for c in columns)


def in_one_spelling(value: sql.Composable, column: Column) -> sql.Composed:
    """Have a value of a column written as `lines_of` writes it."""
    if pa.types.is_decimal(column.type.arrow):
        decimals = sql.Literal(column.type.arrow.scale)
        return sql.SQL("round({0}, greatest({1}, min_scale({0})))").format(value, decimals)
    return sql.SQL(_ONE_SPELLING.get(column.type, "{0}")).format(value)  # type: ignore[arg-type]


def _texts(values: Any, column: Column) -> Any:
    if column.type == BOOLEAN:
        return pc.if_else(values, "t", "f")
    texts = values.cast(pa.string())
    if column.type == TEXT:
        for plain, escaped in _ESCAPED.items():
            texts = pc.replace_substring(texts, plain, escaped)
    return texts


def _digest(line: bytes) -> int:
    return int.from_bytes(blake2b(line, digest_size=_DIGEST_BYTES).digest(), "big")
