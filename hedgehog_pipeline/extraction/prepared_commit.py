"""What an extraction is about to land, and the commit that publishes it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hedgehog_pipeline.extraction.capture import Capture, TableCapture
from hedgehog_pipeline.extraction.confirmed import confirm_seen
from hedgehog_pipeline.extraction.delete_detection import DeletedKeys, keys_csv, tombstones_csv
from hedgehog_pipeline.extraction.drift import undeclared
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import InboxFile, IngestionCommit, IngestionKind, Watermark
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.log import new_log_id
from hedgehog_pipeline.lake.quarantine_csv import QUARANTINE_COLUMNS, QuarantineCsv, QuarantineEntry
from hedgehog_pipeline.lake.row_counts import counts_after, counts_before
from hedgehog_pipeline.model.tables import SourceTable


@dataclass(frozen=True)
class PreparedCommit:
    """What is about to land.

    Attributes:
        kind: the kind of the commit.
        watermarks: the watermark of every table with this commit.
        rows: what lands of each table, the rows first.
        reread: why all tables captured before get a full refresh, None if they do not.
        reread_tables: why single tables get a full refresh, by table.
        taken: the inbox file that lands, None where the commit is of another kind.
        found: metadata for reports, by table.
        ranges: how many ranges of transactions it has seen above the source's horizon.
    """

    kind: IngestionKind
    watermarks: Mapping[str, Watermark]
    rows: Mapping[str, list[CsvRows]]
    reread: str | None = None
    reread_tables: Mapping[str, str] = field(default_factory=dict[str, str])
    taken: InboxFile | None = None
    found: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, dict[str, object]])
    ranges: int = 0

    def lands(self, batch: Batch) -> bool:
        """Return whether there is something to commit, once the rows are written.

        A slice of the initial load is committed even without rows: it records how far the load is.
        """
        return self.kind == "archive" or bool(batch.parts)


def prepare_capture(
    tables: Iterable[SourceTable], capture: Capture, snapshot: SourceSnapshot, batch: Batch
) -> PreparedCommit:
    """Prepare the commit of a capture: rows are streamed as they are written, bad ones go aside."""
    declared = {table.name: table for table in tables}
    rows = {
        name: _rows_of(declared[name], table, snapshot, batch)
        for name, table in capture.tables.items()
    }
    found: dict[str, dict[str, object]] = {name: {} for name in rows}
    for name, metadata in found.items():
        if columns := undeclared(declared[name], snapshot.columns[name]):
            metadata["columns not declared"] = columns
        if seen := capture.tables[name].watermark.seen:
            metadata["ranges of transactions seen"] = len(seen)
        if why := capture.reread or capture.reread_tables.get(name):
            metadata["read in full again"] = why
    return PreparedCommit(
        capture.kind,
        capture.watermarks,
        rows,
        capture.reread,
        capture.reread_tables,
        found=found,
        ranges=capture.ranges,
    )


def _rows_of(
    table: SourceTable, capture: TableCapture, snapshot: SourceSnapshot, batch: Batch
) -> list[CsvRows]:
    quarantine: list[QuarantineEntry] = []
    rows = snapshot.rows(table, capture.query, capture.columns, quarantine)
    return [
        CsvRows(batch, capture.columns, rows),
        CsvRows(batch, QUARANTINE_COLUMNS, QuarantineCsv(quarantine), "quarantine"),
    ]


def prepare_deletes(
    tables: Iterable[SourceTable],
    found: Mapping[str, DeletedKeys],
    head: IngestionCommit,
    batch: Batch,
) -> PreparedCommit:
    """Prepare the commit of a delete detection: its tombstones, and the keys that it saw.

    Nothing lands if no row was deleted and nothing has landed since the delete detection before.
    """
    changed = any(table.deleted for table in found.values()) or any(
        head.base[name].landed > head.base[name].swept for name in found
    )
    if not changed:
        return PreparedCommit("sweep", head.base, {})
    declared = {table.name: table for table in tables}
    number = head.number + 1
    swept = {name: head.base[name].model_copy(update={"swept": number}) for name in found}
    rows = {
        name: [
            CsvRows(batch, (), ()),
            CsvRows(
                batch,
                (declared[name].key,),
                tombstones_csv(declared[name], table.deleted),
                "tombstones",
            ),
            CsvRows(batch, ("first", "last"), keys_csv(table.keys), "keys"),
        ]
        for name, table in found.items()
    }
    return PreparedCommit("sweep", {**head.base, **swept}, rows)


def commit_of(
    pending: PreparedCommit,
    batch: Batch,
    *,
    after: IngestionCommit | None,
    snapshot: SourceSnapshot,
    captured_at: datetime,
) -> Callable[[IngestionCommit | None], IngestionCommit | None]:
    """Return the function that builds the commit for the end of the log, or discards the batch.

    The batch is discarded if there is nothing to commit (`PreparedCommit.lands`), or if another
    extractor committed first: the watermarks it started from are then out of date, and the next
    capture reads the rest. Any other batch is committed only after the source has flushed to disk
    what the snapshot saw.

    Args:
        pending: what was planned.
        batch: what was written.
        after: the head of the log when the plan was made.
        snapshot: of the source, still open.
        captured_at: when the capture began, UTC.
    """

    def build(head: IngestionCommit | None) -> IngestionCommit | None:
        if head != after or not pending.lands(batch):
            return None
        confirm_seen(snapshot)
        return commit_on(head, pending, batch, source=snapshot.identity, captured_at=captured_at)

    return build


def commit_on(
    head: IngestionCommit | None,
    pending: PreparedCommit,
    batch: Batch,
    *,
    source: str,
    captured_at: datetime,
) -> IngestionCommit:
    """Return the commit that follows `head`; the first of a new log where `head` is None.

    Args:
        source: the identity of the source.
        captured_at: when the capture began, UTC.
    """
    number = head.number + 1 if head else 1
    watermarks = {
        name: watermark.model_copy(update={"landed": number})
        if batch.touches(f"oltp/{name}")
        else watermark
        for name, watermark in pending.watermarks.items()
    }
    return IngestionCommit(
        log=head.log if head else new_log_id(),
        number=number,
        previous=head.batch if head else None,
        batch=batch.id,
        date=batch.date,
        parts=tuple(batch.parts),
        row_counts=counts_after(counts_before(head, batch.date), batch.date, batch.parts),
        kind=pending.kind,
        captured_at=captured_at,
        source=source,
        base=watermarks,
        reread=pending.reread,
        reread_tables=dict(pending.reread_tables),
        taken=pending.taken,
        inbox=head.latest_inbox if head else 0,
    )
