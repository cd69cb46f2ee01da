"""What Dagster itself prints of a run: only errors.

The stages print their lines themselves, and Dagster records them for the UI. Its console logger
would print each of them once more, in a format of its own.
"""

from typing import Any

ERRORS_ONLY: dict[str, Any] = {"console": {"config": {"log_level": "ERROR"}}}
"""The loggers of a run that the platform launches, as run configuration."""

NOTHING: dict[str, Any] = {"console": {"config": {"log_level": "CRITICAL"}}}
"""The same of a run in this process, whose error the caller prints."""
