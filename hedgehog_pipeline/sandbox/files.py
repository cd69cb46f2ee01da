"""Folders and files that only their owner may read, written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

from hedgehog_pipeline.sandbox.errors import SandboxError


def private_folder(folder: Path) -> Path:
    """Make the folder (parents too) where it is missing, and make sure that it can be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxError(
            f"The folder {folder} cannot be made ({error.strerror}): choose another place."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SandboxError(
            f"The folder {folder} cannot be written: grant yourself access or choose another."
        )
    return folder


def write_private(file: Path, text: str) -> None:
    """Replace the file in one step; it is readable by its owner only from the first byte on."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)


def write_private_json(file: Path, value: object) -> None:
    """`write_private`, as JSON."""
    write_private(file, json.dumps(value, indent=2) + "\n")


def read_json(file: Path) -> Any:
    """What `write_private_json` wrote; None where there is no such file."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
