"""Find the rows that were deleted from the source: no transaction id shows a reader a deletion.

Each delete detection lands the keys that it saw, as ranges. The next one compares the keys of its
own snapshot with those, and with the keys that captures have landed since. A key that is missing
becomes a tombstone. A row from an inbox file was never in the source, so it is not compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.extraction.source_identity import known_watermarks, redefined_tables
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.csv_reader import read_csv, read_keys
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.parts import read_as, read_rows
from hedgehog_pipeline.lake.quarantine_csv import read_quarantine
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges, count, difference, union

_ALWAYS_ALLOWED = 100
"""So many deleted rows of a table are never questioned: small tables lose large shares."""

_ALL = sql.SQL("true")


@dataclass(frozen=True)
class DeletedKeys:
    """The result of delete detection for a table.

    Attributes:
        keys: the keys in the source now.
        deleted: the keys that are no longer in the source.
    """

    keys: KeyRanges
    deleted: KeyRanges


def detect_deletes(
    snapshot: SourceSnapshot,
    log: CommitLog[IngestionCommit],
    head: IngestionCommit,
    tables: Sequence[SourceTable],
    *,
    mass_delete_share: float,
) -> dict[str, DeletedKeys]:
    """Find the deleted keys of each table.

    Args:
        snapshot: the source now.
        log: the ingestion log.
        head: the last commit of the log, read before the snapshot was opened.
        tables: the tables to compare.
        mass_delete_share: the largest share of a table's rows that may be deleted at once; above 1
            any share may.

    Raises:
        HedgehogError: if the initial load of a table is not complete, or so many rows were deleted
            that a person has to confirm it.
    """
    watermarks = known_watermarks(snapshot, head)
    loading = [
        t.name for t in tables if t.name not in watermarks or watermarks[t.name].archive is not None
    ]
    if loading:
        redefined = redefined_tables(snapshot, head)
        reasons = [
            redefined.get(name, f"{name} is read in full again")
            for name in loading
            if name in redefined or (name in watermarks and watermarks[name].alone)
        ]
        why = "; ".join(reasons) or "The initial load of the source is not complete"
        raise HedgehogError(
            f"{why}. Run `hedgehog run` first: deleted rows can be detected once every row has "
            "landed."
        )
    found = {table.name: detect_deletes_of(snapshot, log, head, table) for table in tables}
    mass_deletes = [
        f"{deleted:,} of {before:,} rows of {name}"
        for name, table in found.items()
        if (deleted := count(table.deleted))
        and (before := deleted + count(table.keys))
        and (deleted == before or deleted > max(_ALWAYS_ALLOWED, mass_delete_share * before))
    ]
    if mass_deletes and mass_delete_share <= 1:
        raise HedgehogError(
            f"The source has deleted {'; '.join(mass_deletes)}. Is that intended? Nothing was "
            "landed. If it is, run `hedgehog run --sweep --allow-mass-delete`. If not, check that "
            "the source's secret names the right database, and what happened to it."
        )
    return found


def detect_deletes_of(
    snapshot: SourceSnapshot,
    log: CommitLog[IngestionCommit],
    head: IngestionCommit,
    table: SourceTable,
) -> DeletedKeys:
    """Find the deleted keys of one table; see `detect_deletes`."""
    keys = keys_in_source(snapshot, table)
    return DeletedKeys(keys, difference(_known_keys(log, head, table), keys))


def keys_in_source(
    snapshot: SourceSnapshot, table: SourceTable, where: sql.Composable = _ALL
) -> list[tuple[int, int]]:
    """Return the keys in the source as ranges; the server joins consecutive keys.

    Args:
        where: a condition on the table's rows.
    """
    # One less than the row's number: no key is so low that the difference would leave bigint.
    query = sql.SQL(
        "select min(key), max(key) from (select {key}::bigint as key, "
        "{key} - (row_number() over (order by {key}) - 1) as island "
        "{from_rows} and {where}) as keys group by island order by 1"
    ).format(key=sql.Identifier(table.key), from_rows=snapshot.from_rows_of(table), where=where)
    return snapshot.fetch(query)  # type: ignore[return-value]


def keys_csv(keys: KeyRanges) -> Iterator[bytes]:
    """Write ranges as CSV: the first and the last key of each."""
    yield b"first,last\n"
    for first, last in keys:
        yield f"{first},{last}\n".encode()


def tombstones_csv(table: SourceTable, keys: KeyRanges) -> Iterator[bytes]:
    """Write keys as CSV, one per line."""
    yield f"{table.key}\n".encode()
    for first, last in keys:
        for key in range(first, last + 1):
            yield f"{key}\n".encode()


def _known_keys(
    log: CommitLog[IngestionCommit], head: IngestionCommit, table: SourceTable
) -> list[tuple[int, int]]:
    """Return the keys that the last delete detection saw, and those that captures met since."""
    asset = f"oltp/{table.name}"
    known: list[tuple[int, int]] = []
    read_key = partial(read_csv, types={table.key: pa.int64()})
    number, swept = head.base[table.name].landed, head.base[table.name].swept
    while number > swept:
        commit = log.read(number)
        if commit.kind in {"archive", "increment"}:
            for part in commit.parts_of(asset):
                keys = read_rows(log.bucket, part, read_key)[table.key].drop_null()
                landed: list[Any] = pc.unique(keys).to_pylist()
                known = union(known, zip(landed, landed, strict=True))
            for part in commit.parts_of(asset, "quarantine"):
                left_out = read_as(log.bucket, part, partial(_left_out, commit=number))
                known = union(known, left_out)
        watermark = log.read(number - 1).base.get(table.name) if number > 1 else None
        number = watermark.landed if watermark else 0
    for part in log.read(swept).parts_of(asset, "keys") if swept else ():
        ranges = read_rows(log.bucket, part, partial(read_keys, columns=part.columns))
        known = union(known, zip(*ranges.to_pydict().values(), strict=True))
    return known


def _left_out(body: bytes, commit: int) -> Iterable[tuple[int, int]]:
    """Read the keys of the rows that a capture met and could not land."""
    keys = pc.unique(read_quarantine(body, commit)["key"]).to_pylist()
    return [(int(key), int(key)) for key in keys if key]
