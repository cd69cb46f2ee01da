"""Descriptions of the stages' jobs in Dagster's UI: what each does, what launches it, by hand."""

from collections.abc import Mapping

from hedgehog_pipeline.scheduling.batching import PIPELINE

_EXTRACTION = """\
Stage 1 of 3: copies the rows that changed in the source since the last capture to S3, as CSV, and
commits them in the ingestion log.

Launched by the schedule `sweep`, to find deleted rows; and by the sensors `shop` and `inbox`, if
the warehouse cannot be reached or more commits are pending than one run takes.

By hand: the partition of today captures what is new now. A past day captures nothing; its run
reports how many rows landed on that day.
"""

_PROCESSING = """\
Stage 2 of 3: turns landed rows into the tables of the star schema, writes them to S3 as Parquet,
and commits them in the processed log.

Launched by the sensor `ingestion_log`, for commits that are not processed yet.

By hand: processes again everything that landed on the day of the partition. Safe to repeat.
"""

_STORAGE = """\
Stage 3 of 3: loads processed commits into the tables of the warehouse in PostgreSQL.

Launched by the sensor `processed_log`, for commits that are not loaded yet.

By hand: loads again everything that was processed for the day of the partition. Safe to repeat.
"""

_ALL_STAGES = """\
All three stages in one run: captures what changed in the source, processes it, and loads it into
the warehouse.

Launched by the sensor `shop`, after a change; the sensor `inbox`, for a CSV file in `inbox/`. It
also takes the commits that are pending for a later stage.

By hand: the partition of today captures what is new now, then processes and loads everything of
today again. A past day is processed and loaded again from S3, without the source. Safe to repeat.
"""

JOB_DESCRIPTIONS: Mapping[str, str] = {
    "extraction": _EXTRACTION,
    "processing": _PROCESSING,
    "storage": _STORAGE,
    PIPELINE: _ALL_STAGES,
}
"""By job name. Only paragraphs: the list of jobs shows Markdown as plain text."""
