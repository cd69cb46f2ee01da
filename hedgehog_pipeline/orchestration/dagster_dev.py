"""Dagster's command line; its `dev` starts Hedgehog's webserver and daemon instead of Dagster's.

`python -m hedgehog_pipeline.orchestration.dagster_dev dev` takes the options of `dagster dev`.
"""

from collections.abc import Sequence
from typing import Any

from dagster._cli import dev
from dagster._cli import main as dagster
from dagster_shared.ipc import open_ipc_subprocess

_OURS = {
    "dagster_webserver": "hedgehog_pipeline.orchestration.dagster_webserver",
    "dagster._daemon": "hedgehog_pipeline.orchestration.dagster_daemon",
}


def open_ours(command: Sequence[str], **options: Any) -> Any:
    """Start a process of Dagster, or the one of Hedgehog that replaces it."""
    return open_ipc_subprocess([_OURS.get(word, word) for word in command], **options)


def main() -> None:
    """Run the command."""
    # Dagster has no option for this.
    dev.open_ipc_subprocess = open_ours  # pyright: ignore[reportPrivateImportUsage]
    dagster()


if __name__ == "__main__":
    main()
