"""What `make` runs, in its very words."""

import shlex
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def commands_of(target: str, *variables: str) -> list[list[str]]:
    """Give the commands that make runs for a target once everything is installed, word by word.

    Args:
        target: of the Makefile.
        variables: of the command line, `NAME=value`.
    """
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "--old-file=install", target, *variables],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [shlex.split(line) for line in done.stdout.splitlines()]
