"""What Dagster's UI says of the jobs of the stages: what each takes, when it runs, and by hand."""

from collections.abc import Mapping

from hedgehog_pipeline.scheduling.batching import PIPELINE

_EXTRACTION = """\
Stage 1 of 3: copies the rows that changed in the shop since the last capture to S3, as CSV, and
commits them in the ingestion log.

Launched by the schedule `sweep`, to find deleted rows; the sensors `shop` and `inbox`, where the
warehouse cannot be reached or more waits than one run takes.

By hand: the partition of today captures what is new now. A past day captures nothing; its run
reports how many rows landed on that day.
"""

_PROCESSING = """\
Stage 2 of 3: turns landed rows into the tables of the star schema, writes them to S3 as Parquet,
and commits them in the processed log.

Launched by the sensor `ingestion_log`, for the commits that wait to be processed.

By hand: processes everything that landed on the day of the partition again. Safe to repeat.
"""

_STORAGE = """\
Stage 3 of 3: loads processed commits into the tables of the warehouse in PostgreSQL.

Launched by the sensor `processed_log`, for the commits that wait to be loaded.

By hand: loads everything that was processed for the day of the partition again. Safe to repeat.
"""

_ALL_STAGES = """\
All three stages in one run: captures what changed in the shop, processes it, and loads it into the
warehouse.

Launched by the sensor `shop`, after a change; the sensor `inbox`, for a CSV file in `inbox/`. It
takes along what waits for a later stage.

By hand: the partition of today captures what is new now, then processes and loads everything of
today again. A past day is processed and loaded again from S3, without the shop. Safe to repeat.
"""

JOB_DESCRIPTIONS: Mapping[str, str] = {
    "extraction": _EXTRACTION,
    "processing": _PROCESSING,
    "storage": _STORAGE,
    PIPELINE: _ALL_STAGES,
}
"""By the name of the job. Paragraphs alone: the list of jobs shows Markdown as it is written."""
