"""What a capture is asked to do."""

from enum import Enum


class Mode(str, Enum):
    """What a capture takes.

    Attributes:
        CHANGES: what became visible since the last capture; the archive, where there was none.
        REREAD: everything, as if nothing had been captured before.
    """

    CHANGES = "changes"
    REREAD = "reread"
