"""What a capture is asked to do."""

from dataclasses import dataclass
from enum import Enum


class Mode(str, Enum):
    """What a capture takes.

    Attributes:
        CHANGES: what became visible since the last capture; the archive, where there was none.
        REREAD: everything, as if nothing had been captured before.
        SWEEP: the keys of all rows, to find those that were deleted.
        INBOX: nothing of the shop, but the oldest file that waits in the inbox.
    """

    CHANGES = "changes"
    REREAD = "reread"
    SWEEP = "sweep"
    INBOX = "inbox"


@dataclass(frozen=True)
class CaptureRequest:
    """What one run of extraction is asked to do.

    Attributes:
        mode: what it takes of the shop.
        allow_mass_delete: whether a sweep may find a large share of a table gone.
    """

    mode: Mode = Mode.CHANGES
    allow_mass_delete: bool = False


CHANGES = CaptureRequest()
"""What every day brings."""
