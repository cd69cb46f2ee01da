"""Plan how a run processes ingestion commits: the rows to write, and the commit of their batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import new_log_id
from hedgehog_pipeline.lake.parquet_parts import ParquetRows
from hedgehog_pipeline.lake.row_counts import BATCH_ONLY, counts_after, counts_before
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.processing.backlog import advanced, sources_of
from hedgehog_pipeline.processing.transforms import transforms_of
from hedgehog_pipeline.scheduling.planned_tables import surely_changes


@dataclass(frozen=True)
class ProcessingPlan:
    """A batch to write: commits to process, for the first time or as a replay.

    Attributes:
        model: the declared tables.
        commits: the ingestion commits to process, ascending.
        tables: the star tables to transform.
        batch: the batch to write into.
        restated: for a replay, the last ingestion commit that was processed before; None for new
            commits.
    """

    model: Model
    commits: Sequence[IngestionCommit]
    tables: Sequence[StarTable]
    batch: Batch
    restated: int | None

    @classmethod
    def new(
        cls,
        model: Model,
        commits: Sequence[IngestionCommit],
        batch: Batch,
        *,
        head: ProcessedCommit | None,
    ) -> "ProcessingPlan":
        """Plan to process commits for the first time, into all tables of the star.

        Args:
            model: the declared tables.
            commits: commits that are not yet processed.
            batch: an empty batch.
            head: the last processed commit.
        """
        batch.counts_before = counts_before(head, batch.date)
        return cls(model, commits, list(model.star.values()), batch, None)

    @classmethod
    def replay(  # noqa: PLR0913 (all of them decide)
        cls,
        model: Model,
        commits: Sequence[IngestionCommit],
        tables: Sequence[StarTable],
        batch: Batch,
        *,
        head: ProcessedCommit | None,
        whole_day: bool,
    ) -> "ProcessingPlan":
        """Plan to process commits again, or some tables of them.

        Args:
            model: the declared tables.
            commits: commits of one day.
            tables: the star tables to transform.
            batch: an empty batch.
            head: the last processed commit.
            whole_day: whether these are all commits of the day.
        """
        batch.counts_before = BATCH_ONLY if whole_day else counts_before(head, batch.date)
        batch.counted = whole_day
        return cls(model, commits, tables, batch, head.through if head else 0)

    def surely_changes(self, table: StarTable) -> bool:
        """Return whether the commits certainly change a table."""
        return surely_changes(self.commits, table)

    def rows_of(self, table: StarTable, inputs: Mapping[str, LandedTable]) -> list[ParquetRows]:
        """Return all rows of a table for the batch; they are transformed while they are written."""
        transform = transforms_of(self.model)[table.name]
        transformed = transform.of_commits(inputs, self.commits, restated=self.restated or 0)
        return [
            ParquetRows(self.batch, transformed.rows),
            ParquetRows(self.batch, transformed.tombstones, "tombstones"),
            ParquetRows(self.batch, transformed.quarantine, "quarantine"),
            ParquetRows(self.batch, transformed.resolutions, "readmitted"),
        ]

    def commit_on(self, head: ProcessedCommit | None) -> ProcessedCommit | None:
        """Return the commit of the batch to append to the processed log, None to discard the batch.

        A replay becomes a restatement, which marks nothing as processed. Any other batch is
        discarded if another run was faster with one of its commits: the rest stays pending, and no
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
            archive_complete=last.completes_initial_load(self.model.source)
            and last.number <= through,
        )


def plan_of_day(  # noqa: PLR0913 (all of them decide)
    model: Model,
    commits: Sequence[IngestionCommit],
    tables: Sequence[StarTable],
    new_batch: Callable[[], Batch],
    *,
    head: ProcessedCommit | None,
    replays: bool,
    whole_day: bool,
) -> list[ProcessingPlan]:
    """Divide the commits of one day into a plan of replayed and one of new commits.

    If only part of the star is selected, all of it is a replay. There is always at least one plan,
    if without commits, for tables that are passed on unchanged.

    Args:
        model: the declared tables.
        commits: the commits of the day, ascending.
        tables: the star tables to transform.
        new_batch: creates a batch of the day.
        head: the last processed commit.
        replays: whether to replay commits that are already processed; otherwise they are left out,
            because another run was faster.
        whole_day: whether these are all commits of the day.
    """
    again = commits if len(tables) < len(model.star) else _processed(commits, head)
    new = [commit for commit in commits if commit not in again]
    plans: list[ProcessingPlan] = []
    if replays and (again or not new):
        whole = whole_day and not new
        batch = new_batch()
        plans.append(ProcessingPlan.replay(model, again, tables, batch, head=head, whole_day=whole))
    if new or not replays:
        plans.append(ProcessingPlan.new(model, new, new_batch(), head=head))
    return plans


def _processed(
    commits: Sequence[IngestionCommit], head: ProcessedCommit | None
) -> list[IngestionCommit]:
    """Return those of the commits that are already processed."""
    return [commit for commit in commits if head is not None and head.covers(commit.number)]
