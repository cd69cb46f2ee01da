"""What a scan of the shop saw and no commit holds yet, in SSM: the lag of a capture that fails.

Only the lag depends on it. Lost, it is seen anew by the next scan, with a later moment.
"""

from datetime import datetime

from pydantic import BaseModel, ValidationError

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.lake.commits import IngestionCommit

_NAME = "unlanded"
_NOTHING = "nothing"


class PendingChanges(BaseModel):
    """Changes that a scan saw.

    Attributes:
        after: the last capture of the shop when they were seen; a later one holds them.
        since: when a scan first saw them, aware UTC.
    """

    after: int
    since: datetime


def record_scan(
    parameters: Parameters, head: IngestionCommit | None, now: datetime, *, changed: bool
) -> None:
    """Remember what a scan of the shop saw.

    Args:
        parameters: where it is remembered.
        head: the last ingestion commit before the scan, None where there is none.
        now: when the scan took place, aware UTC.
        changed: whether it saw something that is not landed.

    Raises:
        HedgehogError: where SSM refuses.
    """
    if not changed:
        parameters.write(_NAME, _NOTHING)
    elif pending_since(parameters, head) is None:
        seen = PendingChanges(after=_last_capture(head), since=now)
        parameters.write(_NAME, seen.model_dump_json())


def pending_since(parameters: Parameters, head: IngestionCommit | None) -> datetime | None:
    """Give since when the shop holds a change that no commit holds, as far as scans have seen.

    Files of the inbox and sweeps land without it, so they do not end the wait.

    Args:
        parameters: where it is remembered.
        head: the last ingestion commit, None where there is none.

    Raises:
        HedgehogError: where SSM refuses.
    """
    try:
        found = PendingChanges.model_validate_json(parameters.read(_NAME) or _NOTHING)
    except ValidationError:
        return None
    return found.since if found.after == _last_capture(head) else None


def _last_capture(head: IngestionCommit | None) -> int:
    """Give the number of the last commit that captured the shop, 0 where none did."""
    return max((base.commit for base in head.base.values()), default=0) if head else 0
