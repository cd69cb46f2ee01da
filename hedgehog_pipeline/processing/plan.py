"""What one run makes of ingestion commits: the rows, and the commit that makes them a batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import new_log_id
from hedgehog_pipeline.lake.parquet_parts import ParquetRows
from hedgehog_pipeline.lake.row_counts import OF_THE_BATCH_ALONE, counts_after, counts_before
from hedgehog_pipeline.model.star import STAR, StarTable
from hedgehog_pipeline.processing.backlog import advanced, sources_of
from hedgehog_pipeline.processing.transform import transform
from hedgehog_pipeline.scheduling.planned_tables import surely_shapes


@dataclass(frozen=True)
class ProcessingPlan:
    """What a run has to do.

    Attributes:
        commits: the ingestion commits to handle, ascending.
        tables: the star tables to shape.
        batch: what is to be written.
        restated: of a replay, the last ingestion commit that was processed before; None where
            the work is new.
    """

    commits: Sequence[IngestionCommit]
    tables: Sequence[StarTable]
    batch: Batch
    restated: int | None

    @classmethod
    def new(
        cls, commits: Sequence[IngestionCommit], batch: Batch, *, head: ProcessedCommit | None
    ) -> "ProcessingPlan":
        """Plan to process commits for the first time.

        Args:
            commits: none of which is processed yet.
            batch: empty.
            head: the last processed commit.
        """
        batch.counts_before = counts_before(head, batch.date)
        return cls(commits, list(STAR.values()), batch, None)

    @classmethod
    def replay(
        cls,
        commits: Sequence[IngestionCommit],
        tables: Sequence[StarTable],
        batch: Batch,
        *,
        head: ProcessedCommit | None,
        whole_day: bool,
    ) -> "ProcessingPlan":
        """Plan to process commits again, or some tables of them.

        Args:
            commits: those of one day.
            tables: the star tables to shape.
            batch: empty.
            head: the last processed commit.
            whole_day: whether these are all commits of the day.
        """
        batch.counts_before = OF_THE_BATCH_ALONE if whole_day else counts_before(head, batch.date)
        batch.counted = whole_day
        return cls(commits, tables, batch, head.through if head else 0)

    def surely_shapes(self, table: StarTable) -> bool:
        """Tell whether the commits hold something that surely changes a table."""
        return surely_shapes(self.commits, table)

    def rows_of(self, table: StarTable, inputs: Mapping[str, LandedTable]) -> list[ParquetRows]:
        """Give all that the batch holds of a table, transform as it is written."""
        made = transform(table, inputs, self.commits, restated=self.restated or 0)
        return [
            ParquetRows(self.batch, made.rows),
            ParquetRows(self.batch, made.tombstones, "tombstones"),
            ParquetRows(self.batch, made.quarantine, "quarantine"),
            ParquetRows(self.batch, made.readmitted, "readmitted"),
        ]

    def commit_on(self, head: ProcessedCommit | None) -> ProcessedCommit | None:
        """Append the batch to the processed log, or let it go.

        A replay lands a restatement, which marks nothing as processed. Any other batch is let go
        where another processor was faster with one of its commits: the rest waits still, and no
        row lands twice.
        """
        replay = self.restated is not None
        if not replay and _processed(self.commits, head):
            return None
        last = self.commits[-1]
        counts = counts_before(head, self.batch.date)
        through, gaps = advanced(head, () if replay else (c.number for c in self.commits))
        return ProcessedCommit(
            log=head.log if head else new_log_id(),
            number=head.number + 1 if head else 1,
            previous=head.batch if head else None,
            batch=self.batch.id,
            date=self.batch.date,
            parts=tuple(self.batch.parts),
            row_counts=counts
            if replay
            else counts_after(counts, self.batch.date, self.batch.parts),
            kind="restatement" if replay else "processed",
            source_log=last.log,
            sources=sources_of(self.commits),
            tables=tuple(table.name for table in self.tables),
            through=through,
            gaps=gaps,
            archive_complete=last.archive_complete and last.number <= through,
        )


def plan_of_day(  # noqa: PLR0913 (all that tells it)
    commits: Sequence[IngestionCommit],
    tables: Sequence[StarTable],
    new_batch: Callable[[], Batch],
    *,
    head: ProcessedCommit | None,
    replays: bool,
    whole_day: bool,
) -> list[ProcessingPlan]:
    """Divide what a run does with commits of one day into replayed and new work, a batch each.

    On part of the star all of it is a replay. There is always one work, if with no commits, for
    tables that are handed on without a change.

    Args:
        commits: the commits, ascending.
        tables: the star tables to shape.
        new_batch: begins a batch of the day.
        head: the last processed commit.
        replays: whether commits that are processed already are replayed, or left out: another run
            was faster with them.
        whole_day: whether these are all commits of the day.
    """
    again = commits if len(tables) < len(STAR) else _processed(commits, head)
    new = [commit for commit in commits if commit not in again]
    works: list[ProcessingPlan] = []
    if replays and (again or not new):
        whole = whole_day and not new
        works.append(ProcessingPlan.replay(again, tables, new_batch(), head=head, whole_day=whole))
    if new or not replays:
        works.append(ProcessingPlan.new(new, new_batch(), head=head))
    return works


def _processed(
    commits: Sequence[IngestionCommit], head: ProcessedCommit | None
) -> list[IngestionCommit]:
    """Give those of the commits that are processed already."""
    return [commit for commit in commits if head is not None and head.covers(commit.number)]
