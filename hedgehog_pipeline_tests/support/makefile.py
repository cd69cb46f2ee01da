"""The commands that `make` runs, read from the Makefile itself."""

import shlex
import subprocess

from hedgehog_pipeline_tests.support.repository import REPOSITORY


def commands_of(target: str, *variables: str) -> list[list[str]]:
    """Return the commands of a target once everything is installed, split into words.

    Args:
        target: of the Makefile.
        variables: of the command line, as `NAME=value`.
    """
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "--old-file=install", target, *variables],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [shlex.split(line) for line in done.stdout.splitlines()]
