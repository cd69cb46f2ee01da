"""The commit that makes a capture a batch."""

from collections.abc import Callable
from datetime import datetime

from hedgehog_pipeline.extraction.capture import Capture
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.log import new_log_id


def landing_of(
    capture: Capture,
    batch: Batch,
    *,
    after: IngestionCommit | None,
    source: str,
    captured_at: datetime,
) -> Callable[[IngestionCommit | None], IngestionCommit | None]:
    """Give what appends the capture to the ingestion log, or lets it go.

    An increment that found nothing is let go. So is a capture that another extractor was faster
    than: it starts from a base that is no longer the last, and the next one takes the rest.

    Args:
        capture: what was planned.
        batch: what was written.
        after: the head of the log that the capture started from.
        source: identity of the shop's database.
        captured_at: when the capture began, UTC.
    """

    def build(head: IngestionCommit | None) -> IngestionCommit | None:
        if head != after or (capture.kind == "increment" and not batch.parts):
            return None
        number = head.number + 1 if head else 1
        captured = {
            name: table.base.model_copy(update={"landed": number})
            if batch.parts_of(f"oltp/{name}")
            else table.base
            for name, table in capture.tables.items()
        }
        return IngestionCommit(
            log=head.log if head else new_log_id(),
            number=number,
            previous=head.batch if head else None,
            batch=batch.id,
            date=batch.date,
            parts=tuple(batch.parts),
            kind=capture.kind,
            captured_at=captured_at,
            source=source,
            base={**capture.kept, **captured},
            reread=capture.reread,
        )

    return build
