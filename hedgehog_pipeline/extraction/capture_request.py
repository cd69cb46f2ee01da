"""What a run of extraction is asked to capture."""

from dataclasses import dataclass
from enum import Enum


class Mode(str, Enum):
    """What a run captures.

    Attributes:
        CHANGES: the changes since the last capture; the initial load where there was no capture.
        REREAD: a full refresh: every row, as if nothing had been captured before.
        SWEEP: the keys of all rows, to detect deletes.
        INBOX: the oldest file that waits in the inbox, and nothing of the source.
    """

    CHANGES = "changes"
    REREAD = "reread"
    SWEEP = "sweep"
    INBOX = "inbox"


@dataclass(frozen=True)
class CaptureRequest:
    """What one run of extraction is asked to capture.

    Attributes:
        mode: what to capture.
        allow_mass_delete: whether delete detection may delete a large share of a table.
    """

    mode: Mode = Mode.CHANGES
    allow_mass_delete: bool = False
