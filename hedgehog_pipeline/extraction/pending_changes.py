"""Remembers in SSM when a scan first saw changes that no commit has: the lag of a failing capture.

Only the lag depends on it. If the parameter is lost, the next scan writes it with a later time.
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
        after: the last capture when they were seen; a later one includes them.
        since: when a scan first saw them, aware UTC.
    """

    after: int
    since: datetime


def record_scan(
    parameters: Parameters, head: IngestionCommit | None, now: datetime, *, changed: bool
) -> None:
    """Record whether a scan of the source saw changes.

    Args:
        parameters: where it is recorded.
        head: the last ingestion commit before the scan, None where there is none.
        now: when the scan took place, aware UTC.
        changed: whether the scan saw changes that have not landed.

    Raises:
        HedgehogError: if SSM refuses.
    """
    if not changed:
        parameters.write(_NAME, _NOTHING)
    elif pending_since(parameters, head) is None:
        seen = PendingChanges(after=_last_capture(head), since=now)
        parameters.write(_NAME, seen.model_dump_json())


def pending_since(parameters: Parameters, head: IngestionCommit | None) -> datetime | None:
    """Return when a scan first saw a change that has not landed; None if there is none.

    Inbox files and delete detection do not land such changes, so they do not reset it.

    Args:
        parameters: where it is recorded.
        head: the last ingestion commit, None where there is none.

    Raises:
        HedgehogError: if SSM refuses.
    """
    try:
        found = PendingChanges.model_validate_json(parameters.read(_NAME) or _NOTHING)
    except ValidationError:
        return None
    return found.since if found.after == _last_capture(head) else None


def _last_capture(head: IngestionCommit | None) -> int:
    """Return the number of the last commit that captured rows of the source, 0 where none did."""
    return max((watermark.commit for watermark in head.base.values()), default=0) if head else 0
