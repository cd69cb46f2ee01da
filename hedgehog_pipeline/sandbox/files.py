"""Private folders and files: only the owner may read them, and a write is atomic."""

import json
import os
from pathlib import Path
from typing import Any

from hedgehog_pipeline.sandbox.errors import SandboxError


def private_folder(folder: Path) -> Path:
    """Create the folder with its parents if missing, and check that it can be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxError(
            f"The folder {folder} cannot be created ({error.strerror}). Choose another place."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SandboxError(
            f"The folder {folder} is not writable. Change its permissions or choose another folder."
        )
    return folder


def write_private(file: Path, text: str) -> None:
    """Replace the file atomically; from the first byte on only its owner can read it."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)


def write_private_json(file: Path, value: object) -> None:
    """Write a value as JSON with `write_private`."""
    write_private(file, json.dumps(value, indent=2) + "\n")


def read_json(file: Path) -> Any:
    """Return what `write_private_json` wrote, None if the file does not exist."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
