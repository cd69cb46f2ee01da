r"""Rows as lines of text, compared key by key, and a checksum that ignores their order.

A row's line is what PostgreSQL's COPY writes, the key first: tabs between the values, `\N` for
NULL. A checksum is the sum of the lines' 64-bit BLAKE2b digests, modulo 2^64.
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
"""A row's key and its line, None where a value of the row cannot be read."""

_END: Line = (2**63, None)
"""Sorts after every bigint key."""

_DIGEST_BYTES = 8
_ESCAPED = {"\\": r"\\", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_ESCAPED["\v"] = r"\v"
_CANONICAL = {
    TIME: "to_char({0}, 'HH24:MI:SS.US')",
    TIMESTAMP: "to_char({0} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US\"Z\"')",
}
"""The SQL that writes equal values alike, where PostgreSQL has several spellings for them."""


@dataclass
class Total:
    """The rows and the checksum of one side.

    Attributes:
        checksum: the sum of the digests; an unreadable row adds nothing.
    """

    rows: int = 0
    checksum: int = 0

    def count(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Yield the lines and count them."""
        for key, line in lines:
            self.rows += 1
            if line is not None:
                self.checksum = (self.checksum + _digest(line)) % 2 ** (8 * _DIGEST_BYTES)
            yield key, line

    @property
    def hex(self) -> str:
        """The checksum in hexadecimal."""
        return f"{self.checksum:0{2 * _DIGEST_BYTES}x}"


@dataclass(frozen=True)
class Comparison:
    """Two sides of a table, compared key by key.

    Attributes:
        missing: ranges of the keys that are only in the source.
        surplus: ranges of the keys that are only in the warehouse, or in it more than once.
        different: ranges of the keys whose values differ, or cannot be read in the source.
    """

    source: Total
    warehouse: Total
    missing: list[tuple[int, int]]
    surplus: list[tuple[int, int]]
    different: list[tuple[int, int]]

    @property
    def totals(self) -> dict[str, Total]:
        """The two sides, by their name in JSON and in metadata."""
        return {"shop": self.source, "warehouse": self.warehouse}


def compare(source: Iterable[Line], warehouse: Iterable[Line]) -> Comparison:
    """Compare two sides, each in ascending order of its keys."""
    found = Comparison(Total(), Total(), [], [], [])
    theirs, ours = found.source.count(source), found.warehouse.count(warehouse)
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


def render_rows(rows: pa.Table, columns: Sequence[Column]) -> list[bytes]:
    """Write rows as PostgreSQL's COPY writes a SELECT of `canonical_columns`."""
    texts = [_texts(rows[column.name], column) for column in columns]
    lines = pc.binary_join_element_wise(
        *texts, "\t", null_handling="replace", null_replacement=r"\N"
    )
    return lines.cast(pa.binary()).to_pylist()


def canonical_columns(columns: Iterable[Column]) -> sql.Composed:
    """Return the SELECT list with which COPY writes equal values alike."""
    return sql.SQL(", ").join(canonical(sql.Identifier(c.name), c) for c in columns)


def canonical(value: sql.Composable, column: Column) -> sql.Composed:
    """Return the SQL that writes a value of a column as `render_rows` writes it."""
    if pa.types.is_decimal(column.type.arrow):
        decimals = sql.Literal(column.type.arrow.scale)
        return sql.SQL("round({0}, greatest({1}, min_scale({0})))").format(value, decimals)
    return sql.SQL(_CANONICAL.get(column.type, "{0}")).format(value)  # type: ignore[arg-type]


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
