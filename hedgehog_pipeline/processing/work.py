"""What one run makes of ingestion commits: the rows, and the commit that makes them a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.landed import LandedTable
from hedgehog_pipeline.lake.log import new_log_id
from hedgehog_pipeline.lake.parquet_parts import ParquetRows
from hedgehog_pipeline.lake.row_counts import OF_THE_BATCH_ALONE, counts_after, counts_before
from hedgehog_pipeline.planned import surely_shapes
from hedgehog_pipeline.processing.pending import advanced, sources_of
from hedgehog_pipeline.processing.transform import shaped
from hedgehog_pipeline.schema.star import STAR, StarTable


@dataclass(frozen=True)
class Work:
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
    def on(
        cls,
        commits: Sequence[IngestionCommit],
        tables: Sequence[StarTable],
        batch: Batch,
        *,
        head: ProcessedCommit | None,
    ) -> "Work":
        """Plan it on what is processed already.

        A run on part of the star, or on commits all processed before, is a replay.
        """
        replay = len(tables) < len(STAR) or _all_processed(commits, head)
        through = head.through if head is not None else 0
        batch.counts_before = OF_THE_BATCH_ALONE if replay else counts_before(head, batch.date)
        return cls(commits, tables, batch, through if replay else None)

    def surely_shapes(self, table: StarTable) -> bool:
        """Tell whether the commits hold something that surely changes a table."""
        return surely_shapes(self.commits, table)

    def rows_of(self, table: StarTable, inputs: Mapping[str, LandedTable]) -> list[ParquetRows]:
        """Give all that the batch holds of a table, shaped as it is written."""
        made = shaped(table, inputs, self.commits, restated=self.restated or 0)
        return [
            ParquetRows(self.batch, made.rows),
            ParquetRows(self.batch, made.tombstones, "tombstones"),
            ParquetRows(self.batch, made.quarantine, "quarantine"),
            ParquetRows(self.batch, made.readmitted, "readmitted"),
        ]

    def commit_on(self, head: ProcessedCommit | None) -> ProcessedCommit | None:
        """Append the batch to the processed log, or let it go.

        A replay lands a restatement, which marks nothing as processed. Any other batch is let go
        where another processor was faster with the same commits.
        """
        replay = self.restated is not None
        if not replay and _all_processed(self.commits, head):
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


def _all_processed(commits: Sequence[IngestionCommit], head: ProcessedCommit | None) -> bool:
    return head is not None and all(head.covers(commit.number) for commit in commits)
