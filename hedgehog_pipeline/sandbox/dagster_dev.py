"""Dagster's command, whose `dev` starts the webserver that is guarded.

`python -m hedgehog_pipeline.sandbox.dagster_dev dev` takes the options of `dagster dev`.
"""

from collections.abc import Sequence
from typing import Any

from dagster._cli import dev
from dagster._cli import main as dagster
from dagster_shared.ipc import open_ipc_subprocess

_ITS_OWN, _GUARDED = "dagster_webserver", "hedgehog_pipeline.dagster_webserver"


def open_guarded(command: Sequence[str], **options: Any) -> Any:
    """Start a part of Dagster; of its webserver the one that is guarded."""
    return open_ipc_subprocess(
        [_GUARDED if word == _ITS_OWN else word for word in command], **options
    )


def main() -> None:
    """Run the command."""
    # Dagster has no option for this.
    dev.open_ipc_subprocess = open_guarded  # pyright: ignore[reportPrivateImportUsage]
    dagster()


if __name__ == "__main__":
    main()
