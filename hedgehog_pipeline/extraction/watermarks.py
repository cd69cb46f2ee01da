"""The timestamps in SSM: up to where each table is captured, for people and for monitoring.

Nothing in Hedgehog reads them: the truth is the last ingestion commit, and what differs from it is
published again by every run and tick.
"""

import json

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.extraction.snapshot import PgSnapshot
from hedgehog_pipeline.lake.commits import IngestionCommit


def watermarks_of(commit: IngestionCommit) -> str:
    """Write each table's time (UTC), commit, xmin and xmax as JSON, below SSM's 4 KB."""
    return json.dumps(
        {
            name: {
                "time": base.captured_at.isoformat(timespec="milliseconds"),
                "commit": base.commit,
                "xmin": PgSnapshot(base.snapshot).xmin,
                "xmax": PgSnapshot(base.snapshot).xmax,
            }
            for name, base in sorted(commit.base.items())
        }
    )


def publish_watermarks(parameters: Parameters, commit: IngestionCommit) -> None:
    """Write the watermarks to the parameter `watermarks`.

    Raises:
        HedgehogError: where SSM refuses.
    """
    parameters.write("watermarks", watermarks_of(commit))
