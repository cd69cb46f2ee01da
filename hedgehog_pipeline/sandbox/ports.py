"""Free loopback ports, the same ones as at the last start if they are still free."""

import random
import socket
from collections.abc import Sequence
from pathlib import Path

from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.files import read_json, write_private_json

LOOPBACK = "127.0.0.1"

# Below the ephemeral range: no outgoing connection gets a port while its server is down.
# The port 10,000 above is below it as well.
_RANGE = range(20_000, 22_768)


def keep_ports(file: Path, names: Sequence[str], *, offset: int = 0) -> dict[str, int]:
    """Return a free port for each name: the one in the file if it is free, else a new one.

    With an `offset`, the port that many numbers above each of them is free as well.
    """
    kept: dict[str, int] = read_json(file) or {}
    ports = {name: kept[name] for name in names if name in kept and _free(kept[name], offset)}
    candidates = random.SystemRandom().sample(_RANGE, len(_RANGE))
    found = (port for port in candidates if port not in ports.values() and _free(port, offset))
    for name in names:
        if name not in ports:
            ports[name] = next(found, 0)
    if 0 in ports.values():
        raise SandboxError(f"No port of {LOOPBACK} from {_RANGE.start} to {_RANGE.stop} is free.")
    if ports != kept:
        write_private_json(file, ports)
    return ports


def _free(port: int, offset: int) -> bool:
    return all(can_bind(number) for number in {port, port + offset})


def can_bind(port: int) -> bool:
    """Return whether a port of the loopback address is free."""
    with socket.socket() as probe:
        # As servers do it: a port whose last connections are in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def last_port(file: Path, name: str) -> int:
    """Return the port that the file has for a name."""
    ports: dict[str, int] | None = read_json(file)
    if ports is None:
        raise SandboxError(f"The server in {file.parent} has never been started: start it first.")
    return ports[name]
