"""The commit that makes what was processed a batch."""

from collections.abc import Callable, Sequence

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.log import new_log_id
from hedgehog_pipeline.processing.pending import advanced, sources_of
from hedgehog_pipeline.schema.star import StarTable


def is_replay(
    commits: Sequence[IngestionCommit], head: ProcessedCommit | None, *, whole: bool
) -> bool:
    """Tell whether a run repeats work: on part of the star, or on commits all processed before."""
    return not whole or (head is not None and all(head.covers(c.number) for c in commits))


def processed_commit_of(
    commits: Sequence[IngestionCommit], tables: Sequence[StarTable], batch: Batch, *, replay: bool
) -> Callable[[ProcessedCommit | None], ProcessedCommit | None]:
    """Give what appends a batch to the processed log, or lets it go.

    A replay lands a restatement, which marks nothing as processed. Any other batch is let go
    where another processor was faster with the same commits.

    Args:
        commits: the ingestion commits that were handled.
        tables: the star tables that were shaped.
        batch: what was written.
        replay: see `is_replay`, asked before the work began.
    """

    def build(head: ProcessedCommit | None) -> ProcessedCommit | None:
        if not replay and is_replay(commits, head, whole=True):
            return None
        through, gaps = advanced(head, () if replay else (c.number for c in commits))
        return ProcessedCommit(
            log=head.log if head else new_log_id(),
            number=head.number + 1 if head else 1,
            previous=head.batch if head else None,
            batch=batch.id,
            date=batch.date,
            parts=tuple(batch.parts),
            kind="restatement" if replay else "processed",
            source_log=commits[-1].log,
            sources=sources_of(commits),
            tables=tuple(table.name for table in tables),
            through=through,
            gaps=gaps,
            archive_complete=commits[-1].archive_complete and commits[-1].number <= through,
        )

    return build
