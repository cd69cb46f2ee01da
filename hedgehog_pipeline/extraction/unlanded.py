"""What a scan of the shop saw and no commit holds yet, in SSM: the lag of a capture that fails.

Only the lag depends on it. Lost, it is seen anew by the next scan, with a later moment.
"""

from datetime import datetime

from pydantic import BaseModel, ValidationError

from hedgehog_pipeline.extraction.parameters import Parameters

_NAME = "unlanded"
_NOTHING = "nothing"


class Unlanded(BaseModel):
    """Changes that a scan saw.

    Attributes:
        after: the last ingestion commit when they were seen; a later one holds them.
        since: when a scan first saw them, aware UTC.
    """

    after: int
    since: datetime


def note_scan(parameters: Parameters, end: int, now: datetime, *, changed: bool) -> None:
    """Remember what a scan of the shop saw.

    Args:
        parameters: where it is remembered.
        end: the number of the last ingestion commit before the scan.
        now: when the scan took place, aware UTC.
        changed: whether it saw something that is not landed.

    Raises:
        HedgehogError: where SSM refuses.
    """
    if not changed:
        parameters.write(_NAME, _NOTHING)
    elif unlanded_since(parameters, end) is None:
        parameters.write(_NAME, Unlanded(after=end, since=now).model_dump_json())


def unlanded_since(parameters: Parameters, end: int) -> datetime | None:
    """Give since when the shop holds a change that no commit holds, as far as scans have seen.

    Args:
        parameters: where it is remembered.
        end: the number of the last ingestion commit.

    Raises:
        HedgehogError: where SSM refuses.
    """
    try:
        found = Unlanded.model_validate_json(parameters.read(_NAME) or _NOTHING)
    except ValidationError:
        return None
    return found.since if found.after == end else None
