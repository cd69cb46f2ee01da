"""Loopback ports: free ones, and the same ones as last time where they still are free."""

import random
import socket
from collections.abc import Sequence
from pathlib import Path

from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.files import read_json, write_private_json

LOOPBACK = "127.0.0.1"

# Below what systems give to outgoing connections: no client takes a port while its server is down.
# A port and the one 10,000 above it both stay inside.
_RANGE = range(20_000, 22_768)


def keep_ports(file: Path, names: Sequence[str], *, beside: int = 0) -> dict[str, int]:
    """A free port for each name: those that the file remembers when free, else new ones.

    With `beside`, the port that lies so far above each of them is free too.
    """
    kept: dict[str, int] = read_json(file) or {}
    ports = {name: kept[name] for name in names if name in kept and _free(kept[name], beside)}
    candidates = random.SystemRandom().sample(_RANGE, len(_RANGE))
    found = (port for port in candidates if port not in ports.values() and _free(port, beside))
    for name in names:
        if name not in ports:
            ports[name] = next(found, 0)
    if 0 in ports.values():
        raise SandboxError(
            f"No port of {LOOPBACK} between {_RANGE.start} and {_RANGE.stop} can be bound."
        )
    if ports != kept:
        write_private_json(file, ports)
    return ports


def _free(port: int, beside: int) -> bool:
    return all(can_bind(number) for number in {port, port + beside})


def can_bind(port: int) -> bool:
    """Tell whether a port of the loopback address is free."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still winding down counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def last_port(file: Path, name: str) -> int:
    """The port that the file remembers."""
    ports: dict[str, int] | None = read_json(file)
    if ports is None:
        raise SandboxError(f"The server in {file.parent} has never been started: start it first.")
    return ports[name]
