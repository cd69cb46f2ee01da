"""The stages without Dagster, from the same functions as the assets: fast, and step by step.

Dagster only launches the stages. Its own records may be lost at any time, and here there are none.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

import pyarrow as pa

from hedgehog_pipeline.extraction.capture import plan_capture
from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.extraction.delete_detection import detect_deletes
from hedgehog_pipeline.extraction.prepared_commit import (
    PreparedCommit,
    commit_of,
    prepare_capture,
    prepare_deletes,
)
from hedgehog_pipeline.extraction.source import Source, SourceSnapshot
from hedgehog_pipeline.inbox.inbox import ClaimedFile, claim_oldest
from hedgehog_pipeline.lake.batch import Batch, batch_id
from hedgehog_pipeline.lake.commits import IngestionCommit, PartKind, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.parquet_parts import ProcessedTable
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.postgres.connection import Credentials
from hedgehog_pipeline.processing.backlog import pending_commits
from hedgehog_pipeline.processing.plan import ProcessingPlan, plan_of_day
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS
from hedgehog_pipeline.storage.backlog import confirm_loaded
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline_tests.proofs.torture.machine.oracle import Capture
from hedgehog_pipeline_tests.support.demo_model import MODEL, SOURCE, STAR

TABLES = list(SOURCE.values())
STARS = list(STAR.values())
_PART_BYTES = 1500


class CrashError(Exception):
    """A stage stops in the middle."""


@dataclass(frozen=True)
class Extraction:
    """A capture or a sweep with an open snapshot.

    Attributes:
        pending: the pending commit.
        snapshot: the text of its PostgreSQL snapshot.
    """

    stages: "Stages"
    batch: Batch
    head: IngestionCommit | None
    source: SourceSnapshot
    pending: PreparedCommit
    now: datetime

    @property
    def snapshot(self) -> str:
        return self.source.pg_snapshot.text

    def result(self, commit: IngestionCommit | None) -> Capture:
        """Return its result, with the number of its commit if there is one."""
        before = self.head.base if self.head else {}
        pending = self.pending
        begun = SOURCE if pending.reread or not before else pending.reread_tables
        slices = {t for t in pending.rows if t in begun or before[t].archive is not None}
        return Capture(
            commit.number if commit else None,
            self.snapshot,
            self.stages.versions_in(commit),
            set(begun),
            slices,
            pending.rows.keys() - slices,
        )

    def write(self, tables: int = len(TABLES)) -> None:
        """Write the parts of the first so many tables."""
        for table in TABLES[:tables]:
            for rows in self.pending.rows.get(table.name, ()):
                rows.write(f"oltp/{table.name}", _PART_BYTES)

    def append(self) -> IngestionCommit | None:
        build = commit_of(
            self.pending, self.batch, after=self.head, snapshot=self.source, captured_at=self.now
        )
        return self.stages.lake.ingestion.append(build)


class Stages:
    """The stages of one deployment.

    Args:
        warehouse: the credentials.
        slice_rows: rows in a slice of the initial load.
    """

    def __init__(self, lake: Lake, source: Source, warehouse: Credentials, slice_rows: int) -> None:
        self.lake = lake
        self._source = source
        self._warehouse = warehouse
        self._slice_rows = slice_rows

    @contextmanager
    def extracting(self, mode: Mode = Mode.CHANGES) -> Iterator[Extraction]:
        """Open a snapshot of the shop, and plan what lands."""
        now, log = datetime.now(timezone.utc), self.lake.ingestion
        batch = Batch(batch_id(now), now.date(), log.bucket, "csv")
        self.lake.confirm_source()
        head = log.head()
        with self._source.open_snapshot(TABLES) as source:
            if mode is Mode.SWEEP and head is not None:
                found = detect_deletes(source, log, head, TABLES, mass_delete_share=math.inf)
                pending = prepare_deletes(TABLES, found, head, batch)
            else:
                capture = plan_capture(
                    source,
                    head,
                    TABLES,
                    slice_rows=self._slice_rows,
                    captured_at=now,
                    mode=mode,
                )
                pending = prepare_capture(TABLES, capture, source, batch)
            yield Extraction(self, batch, head, source, pending, now)

    def taking(self) -> tuple[ClaimedFile | None, Callable[[], IngestionCommit | None]]:
        """Claim the oldest inbox file and write its parts; the returned function commits it."""
        now, log = datetime.now(timezone.utc), self.lake.ingestion
        batch = Batch(batch_id(now), now.date(), log.bucket, "csv")
        take = claim_oldest(log, log.head(), SOURCE, TABLES, batch)
        for name, landed in (take.pending.rows if take else {}).items():
            for rows in landed:
                rows.write(f"oltp/{name}", _PART_BYTES)
        return take, lambda: log.append(take.commit_of(batch, claimed_at=now)) if take else None

    def commits_to_process(self) -> list[IngestionCommit]:
        """Read the oldest ingestion commits that are not yet processed."""
        return pending_commits(self.lake, self.lake.confirm_source(), MAX_COMMITS)

    def shaping(
        self, commits: Sequence[IngestionCommit], tables: Sequence[StarTable] = STARS
    ) -> list[ProcessingPlan]:
        """Plan the processing of commits, also of those that are processed already."""
        now, bucket = datetime.now(timezone.utc), self.lake.processed.bucket
        return plan_of_day(
            MODEL,
            commits,
            tables,
            lambda: Batch(batch_id(now), now.date(), bucket, "parquet"),
            head=self.lake.confirm_source(),
            replays=True,
            whole_day=False,
        )

    def shape(self, work: ProcessingPlan, tables: int = len(STARS)) -> None:
        """Write the parts of the first so many tables."""
        inputs = {name: self.lake.landed(table) for name, table in SOURCE.items()}
        for table in work.tables[:tables]:
            for rows in work.rows_of(table, inputs):
                rows.write(f"star/{table.name}", _PART_BYTES)

    def process(
        self, commits: Sequence[IngestionCommit], tables: Sequence[StarTable] = STARS
    ) -> ProcessedCommit | None:
        """Process commits that are all pending or all processed, as a run of the assets does."""
        (work,) = self.shaping(commits, tables)
        self.shape(work)
        return self.lake.processed.append(work.commit_on)

    @contextmanager
    def warehouse(self) -> Iterator[Warehouse]:
        """Open the warehouse as a run of its assets does."""
        with Warehouse.open(self._warehouse, None, MODEL) as warehouse:
            warehouse.prepare()
            confirm_loaded(self.lake, warehouse)
            yield warehouse

    def load(
        self,
        warehouse: Warehouse,
        commit: ProcessedCommit,
        tables: Sequence[StarTable] = STARS,
        reads: int | None = None,
    ) -> None:
        """Load a commit, or crash after so many reads of parts."""

        def parts_of(table: StarTable, held: ProcessedCommit, kind: PartKind) -> Iterable[pa.Table]:
            nonlocal reads
            if reads is not None:
                if not reads:
                    raise CrashError
                reads -= 1
            return ProcessedTable(self.lake.processed.bucket, table).rows_of(held, kind)

        warehouse.load(commit, tables, parts_of)

    def versions_in(self, commit: IngestionCommit | None) -> dict[str, Counter[int]]:
        """Count the versions (support/history.py) in a commit, by table."""
        found: dict[str, Counter[int]] = {name: Counter() for name in SOURCE}
        for table, row in self._records(commit, "rows"):
            found[table][int(row["version"])] += 1
        return found

    def deleted_in(self, commit: IngestionCommit | None) -> set[tuple[str, int]]:
        """Return the rows that a commit found deleted, by table and key."""
        return {
            (table, int(row[SOURCE[table].key]))
            for table, row in self._records(commit, "tombstones")
        }

    def _records(
        self, commit: IngestionCommit | None, kind: PartKind
    ) -> Iterator[tuple[str, dict[str, str]]]:
        for part in commit.parts if commit else ():
            if part.kind == kind:
                body = self.lake.ingestion.bucket.read(part.key).decode()
                for row in csv.DictReader(io.StringIO(body, newline="")):
                    yield part.asset.removeprefix("oltp/"), row
