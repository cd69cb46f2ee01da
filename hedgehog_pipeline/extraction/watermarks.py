"""The timestamps in SSM: up to where each table is captured, for people and for monitoring.

Nothing in Hedgehog reads them: the truth is the last ingestion commit, and what differs from it is
published again by every run and tick.
"""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.snapshot import Snapshot
from hedgehog_pipeline.lake.commits import IngestionCommit

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient
else:
    SSMClient = Any


def watermarks_of(commit: IngestionCommit) -> str:
    """Write each table's time (UTC), commit, xmin and xmax as JSON, below SSM's 4 KB."""
    return json.dumps(
        {
            name: {
                "time": base.captured_at.isoformat(timespec="milliseconds"),
                "commit": base.commit,
                "xmin": Snapshot(base.snapshot).xmin,
                "xmax": Snapshot(base.snapshot).xmax,
            }
            for name, base in sorted(commit.base.items())
        }
    )


def publish_watermarks(client: SSMClient, prefix: str, commit: IngestionCommit) -> None:
    """Write the watermarks to `<prefix>/watermarks` unless they stand there already.

    Raises:
        HedgehogError: where SSM refuses.
    """
    name, value = f"{prefix.rstrip('/')}/watermarks", watermarks_of(commit)
    try:
        found = client.get_parameters(Names=[name])["Parameters"]
        if not found or found[0].get("Value") != value:
            client.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
    except (ClientError, BotoCoreError) as error:
        raise HedgehogError(
            f"SSM could not take the parameter {name}: {error} Commit {commit.number} is landed "
            "all the same, and the next run publishes it; check the region and the rights."
        ) from error
