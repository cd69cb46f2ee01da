"""What an extraction lands, and the commit that makes it a batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hedgehog_pipeline.extraction.capture import Capture, TableCapture
from hedgehog_pipeline.extraction.confirmed import confirm_seen
from hedgehog_pipeline.extraction.delete_detection import TableSweep, keys_csv, tombstones_csv
from hedgehog_pipeline.extraction.drift import undeclared
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import InboxFile, IngestionCommit, IngestionKind, Watermark
from hedgehog_pipeline.lake.csv_writer import CsvRows
from hedgehog_pipeline.lake.log import new_log_id
from hedgehog_pipeline.lake.quarantine_csv import QUARANTINE_COLUMNS, GatheredCsv, QuarantineEntry
from hedgehog_pipeline.lake.row_counts import counts_after, counts_before
from hedgehog_pipeline.model.source import SOURCE, SourceTable


@dataclass(frozen=True)
class PendingCommit:
    """What is about to land.

    Attributes:
        kind: of the commit.
        watermarks: up to where every table is captured with it.
        rows: what lands of each table, the rows first.
        reread: why the tables that were captured before are read in full again, None if they are
            not.
        reread_tables: why single ones are, by table.
        taken: the file of the inbox that lands, if it is one.
        found: what else there is to tell of tables.
        ranges: how many ranges of transactions it has seen above the shop's horizon.
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
        """Tell whether there is something to commit, once its rows are written.

        A slice of the archive says how far it came, also where it found no rows.
        """
        return self.kind == "archive" or bool(batch.parts)


def pending_capture(capture: Capture, moment: SourceSnapshot, batch: Batch) -> PendingCommit:
    """Land the rows that a capture takes, streamed as they are written, and why others are not."""
    rows = {
        name: _rows_of(SOURCE[name], taken, moment, batch) for name, taken in capture.tables.items()
    }
    found: dict[str, dict[str, object]] = {name: {} for name in rows}
    for name, told in found.items():
        if grown := undeclared(SOURCE[name], moment.columns[name]):
            told["columns not declared"] = grown
        if seen := capture.tables[name].base.seen:
            told["ranges of transactions seen"] = len(seen)
        if why := capture.reread or capture.reread_tables.get(name):
            told["read in full again"] = why
    return PendingCommit(
        capture.kind,
        capture.watermarks,
        rows,
        capture.reread,
        capture.reread_tables,
        found=found,
        ranges=capture.ranges,
    )


def _rows_of(
    table: SourceTable, taken: TableCapture, moment: SourceSnapshot, batch: Batch
) -> list[CsvRows]:
    told: list[QuarantineEntry] = []
    rows = moment.rows(table, taken.query, taken.columns, told)
    return [
        CsvRows(batch, taken.columns, rows),
        CsvRows(batch, QUARANTINE_COLUMNS, GatheredCsv(told), "quarantine"),
    ]


def pending_sweep(
    found: Mapping[str, TableSweep], head: IngestionCommit, batch: Batch
) -> PendingCommit:
    """Land the tombstones that a sweep found and the keys that it saw.

    Where nothing is gone and nothing landed since the sweep before, there is nothing to land.
    """
    changed = any(swept.gone for swept in found.values()) or any(
        head.base[name].landed > head.base[name].swept for name in found
    )
    if not changed:
        return PendingCommit("sweep", head.base, {})
    number = head.number + 1
    swept = {name: head.base[name].model_copy(update={"swept": number}) for name in found}
    rows = {
        name: [
            CsvRows(batch, (), ()),
            CsvRows(
                batch, (SOURCE[name].key,), tombstones_csv(SOURCE[name], table.gone), "tombstones"
            ),
            CsvRows(batch, ("first", "last"), keys_csv(table.keys), "keys"),
        ]
        for name, table in found.items()
    }
    return PendingCommit("sweep", {**head.base, **swept}, rows)


def commit_of(
    landing: PendingCommit,
    batch: Batch,
    *,
    after: IngestionCommit | None,
    moment: SourceSnapshot,
    captured_at: datetime,
) -> Callable[[IngestionCommit | None], IngestionCommit | None]:
    """Give what appends a landing to the ingestion log, or lets it go.

    One that found nothing is let go (`PendingCommit.lands`). So is one that another extractor was faster
    than: it starts from a base that is no longer the last, and the next one takes the rest. No
    other is appended before the shop's disk holds what was seen.

    Args:
        landing: what was planned.
        batch: what was written.
        after: the head of the log that it started from.
        moment: the shop, still open.
        captured_at: when it began, UTC.
    """

    def build(head: IngestionCommit | None) -> IngestionCommit | None:
        if head != after or not landing.lands(batch):
            return None
        confirm_seen(moment)
        return commit_on(head, landing, batch, source=moment.identity, captured_at=captured_at)

    return build


def commit_on(
    head: IngestionCommit | None,
    landing: PendingCommit,
    batch: Batch,
    *,
    source: str,
    captured_at: datetime,
) -> IngestionCommit:
    """Make the commit of a landing that comes after another one, the first where there is none."""
    number = head.number + 1 if head else 1
    watermarks = {
        name: base.model_copy(update={"landed": number}) if batch.touches(f"oltp/{name}") else base
        for name, base in landing.watermarks.items()
    }
    return IngestionCommit(
        log=head.log if head else new_log_id(),
        number=number,
        previous=head.batch if head else None,
        batch=batch.id,
        date=batch.date,
        parts=tuple(batch.parts),
        row_counts=counts_after(counts_before(head, batch.date), batch.date, batch.parts),
        kind=landing.kind,
        captured_at=captured_at,
        source=source,
        base=watermarks,
        reread=landing.reread,
        reread_tables=dict(landing.reread_tables),
        taken=landing.taken,
        inbox=head.latest_inbox if head else 0,
    )
