"""Which rows vanished from the shop: no transaction id tells of a deletion to a reader.

A sweep lands the keys that it saw, as ranges. The next one compares the keys of its own snapshot
with those and with what captures landed since; a key that is gone becomes a tombstone. A row that
somebody else brought (an inbox batch) was never the shop's, and its absence there says nothing.
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
from hedgehog_pipeline.extraction.source_identity import another_tables, known_watermarks
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.csv_reader import read_csv, read_keys
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.parts import read_as, read_rows
from hedgehog_pipeline.lake.quarantine_csv import read_quarantine
from hedgehog_pipeline.model.source import SourceTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges, count, difference, union

_FEW = 100
"""So many keys may be gone whatever their share: small tables lose large shares of theirs."""

_ALL = sql.SQL("true")


@dataclass(frozen=True)
class TableSweep:
    """What a sweep finds of a table.

    Attributes:
        keys: the keys that the shop holds.
        gone: those that it held and holds no more.
    """

    keys: KeyRanges
    gone: KeyRanges


def sweep(
    moment: SourceSnapshot,
    log: CommitLog[IngestionCommit],
    head: IngestionCommit,
    tables: Sequence[SourceTable],
    *,
    mass_delete_share: float,
) -> dict[str, TableSweep]:
    """Compare the keys of tables with those that were there.

    Args:
        moment: the shop now.
        log: the ingestion log.
        head: its last commit, read before the moment was opened.
        tables: the tables to compare.
        mass_delete_share: the share of a table's rows of which more may not vanish at once; above
            1 any share may.

    Raises:
        HedgehogError: where the archive is not complete, that of a table that is another one
            included, or so much vanished that a person has to say whether it is meant.
    """
    watermarks = known_watermarks(moment, head)
    waiting = [
        t.name for t in tables if t.name not in watermarks or watermarks[t.name].archive is not None
    ]
    if waiting:
        others = another_tables(moment, head)
        reasons = [
            others.get(name, f"{name} is read in full again")
            for name in waiting
            if name in others or (name in watermarks and watermarks[name].alone)
        ]
        why = "; ".join(reasons) or "The shop's archive is not landed completely"
        raise HedgehogError(
            f"{why}, so that nothing can be missed in it yet; sweep when `hedgehog run` has "
            "brought it."
        )
    found = {table.name: sweep_table(moment, log, head, table) for table in tables}
    questions = [
        f"{name} held {had:,} rows and {gone:,} of them are gone"
        for name, table in found.items()
        if (gone := count(table.gone))
        and (had := gone + count(table.keys))
        and (gone == had or gone > max(_FEW, mass_delete_share * had))
    ]
    if questions and mass_delete_share <= 1:
        raise HedgehogError(
            f"Is that meant? {'; '.join(questions)}. Nothing was landed. If it is, run `hedgehog "
            "run --sweep --allow-mass-delete`; if not, see whether the source's secret names the "
            "right database, and what happened to it."
        )
    return found


def sweep_table(
    moment: SourceSnapshot,
    log: CommitLog[IngestionCommit],
    head: IngestionCommit,
    table: SourceTable,
) -> TableSweep:
    """Compare the keys of a table with those that were there; see `sweep`."""
    keys = keys_held(moment, table)
    return TableSweep(keys, difference(_known(log, head, table), keys))


def keys_held(
    moment: SourceSnapshot, table: SourceTable, where: sql.Composable = _ALL
) -> list[tuple[int, int]]:
    """Ask the shop for its keys; each run of consecutive ones comes as one row.

    Args:
        moment: the shop now.
        table: whose keys.
        where: a condition on its rows.
    """
    # One less than the row's number: no key is so low that the difference would leave bigint.
    query = sql.SQL(
        "select min(key), max(key) from (select {key}::bigint as key, "
        "{key} - (row_number() over (order by {key}) - 1) as island "
        "{from_rows} and {where}) as keys group by island order by 1"
    ).format(key=sql.Identifier(table.key), from_rows=moment.from_rows_of(table), where=where)
    return moment.fetch(query)  # type: ignore[return-value]


def keys_csv(keys: KeyRanges) -> Iterator[bytes]:
    """Write ranges as CSV: the first and the last key of each."""
    yield b"first,last\n"
    for first, last in keys:
        yield f"{first},{last}\n".encode()


def tombstones_csv(table: SourceTable, gone: KeyRanges) -> Iterator[bytes]:
    """Write keys as CSV, one a line."""
    yield f"{table.key}\n".encode()
    for first, last in gone:
        for key in range(first, last + 1):
            yield f"{key}\n".encode()


def _known(
    log: CommitLog[IngestionCommit], head: IngestionCommit, table: SourceTable
) -> list[tuple[int, int]]:
    """Give the keys that the last sweep saw, and those that captures met since."""
    asset = f"oltp/{table.name}"
    known: list[tuple[int, int]] = []
    read_key = partial(read_csv, types={table.key: pa.int64()})
    number, swept = head.base[table.name].landed, head.base[table.name].swept
    while number > swept:
        commit = log.read(number)
        if commit.kind in {"archive", "increment"}:
            for part in commit.parts_of(asset):
                keys = read_rows(log.bucket, part, read_key)[table.key].drop_null()
                met: list[Any] = pc.unique(keys).to_pylist()
                known = union(known, zip(met, met, strict=True))
            for part in commit.parts_of(asset, "quarantine"):
                left_out = read_as(log.bucket, part, partial(_left_out, commit=number))
                known = union(known, left_out)
        base = log.read(number - 1).base.get(table.name) if number > 1 else None
        number = base.landed if base else 0
    for part in log.read(swept).parts_of(asset, "keys") if swept else ():
        ranges = read_rows(log.bucket, part, partial(read_keys, columns=part.columns))
        known = union(known, zip(*ranges.to_pydict().values(), strict=True))
    return known


def _left_out(body: bytes, commit: int) -> Iterable[tuple[int, int]]:
    """Read the keys of rows that a capture met and could not land."""
    keys = pc.unique(read_quarantine(body, commit)["key"]).to_pylist()
    return [(int(key), int(key)) for key in keys if key]
