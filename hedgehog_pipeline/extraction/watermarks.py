"""Publishes in SSM up to where each table is captured, for people and for monitoring.

Nothing in Hedgehog reads the parameter: the truth is the last ingestion commit. Every run and every
tick of a sensor writes the parameter again if it differs.
"""

import json

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.extraction.snapshot import PgSnapshot
from hedgehog_pipeline.lake.commits import IngestionCommit


def watermarks_of(commit: IngestionCommit) -> str:
    """Return each table's time (UTC), commit, xmin and xmax as JSON; it fits into SSM's 4 KB."""
    return json.dumps(
        {
            name: {
                "time": watermark.captured_at.isoformat(timespec="milliseconds"),
                "commit": watermark.commit,
                "xmin": PgSnapshot(watermark.snapshot).xmin,
                "xmax": PgSnapshot(watermark.snapshot).xmax,
            }
            for name, watermark in sorted(commit.base.items())
        }
    )


def publish_watermarks(parameters: Parameters, commit: IngestionCommit) -> None:
    """Write the watermarks to the parameter `watermarks`.

    Raises:
        HedgehogError: if SSM refuses.
    """
    parameters.write("watermarks", watermarks_of(commit))
