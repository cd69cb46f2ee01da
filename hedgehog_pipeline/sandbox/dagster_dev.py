"""Dagster's command, whose `dev` starts the webserver that is guarded.

`python -m hedgehog_pipeline.sandbox.dagster_dev dev` takes the options of `dagster dev`.
"""

from collections.abc import Sequence
from typing import Any

from dagster._cli import dev
from dagster._cli import main as dagster

_ITS_OWN, _GUARDED = "dagster_webserver", "hedgehog_pipeline.dagster_webserver"
_open = dev.open_ipc_subprocess


def open_guarded(command: Sequence[str], **options: Any) -> Any:
    """Start a part of Dagster; of its webserver the one that is guarded."""
    return _open([_GUARDED if word == _ITS_OWN else word for word in command], **options)


def main() -> None:
    """Run the command."""
    # Dagster has no option for this.
    dev.open_ipc_subprocess = open_guarded
    dagster()


if __name__ == "__main__":
    main()
