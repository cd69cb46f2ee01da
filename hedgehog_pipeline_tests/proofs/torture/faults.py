"""Faults of servers and networks: of S3's answers, and of connections to the databases."""

import re
import socket
import struct
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Generic, TypeVar

from hedgehog_pipeline_tests.proofs.outages.proxy import Handler

F = TypeVar("F")

_PIECES = 8
_PAUSE = 0.02
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Kind(Generic[F]):
    """A kind of fault, and a pattern of what it can affect: a request, or bytes on a connection."""

    name: str
    pattern: str
    fault: F

    def affects(self, text: str) -> bool:
        return re.search(self.pattern, text, re.DOTALL) is not None


class Once(Generic[F]):
    """Each of some kinds happens once, to the first text that it affects."""

    def __init__(self, *kinds: Kind[F]) -> None:
        self.left = list(kinds)

    def __call__(self, text: str) -> F | None:
        for kind in self.left:
            if kind.affects(text):
                self.left.remove(kind)
                return kind.fault
        return None


class Always(Generic[F]):
    """A kind happens to every text that it affects."""

    def __init__(self, kind: Kind[F]) -> None:
        self.kind, self.count = kind, 0

    def __call__(self, text: str) -> F | None:
        if not self.kind.affects(text):
            return None
        self.count += 1
        return self.kind.fault


class AtRandom(Generic[F]):
    """Any kind may happen to any text that it affects, rarely."""

    def __init__(self, chance: Random, kinds: Collection[Kind[F]], share: float) -> None:
        self.chance, self.kinds, self.share, self.count = chance, kinds, share, 0

    def __call__(self, text: str) -> F | None:
        if self.chance.random() >= self.share:
            return None
        possible = [kind for kind in self.kinds if kind.affects(text)]
        if not possible:
            return None
        self.count += 1
        return self.chance.choice(possible).fault


def _reset(connection: socket.socket) -> None:
    """Reset a connection, even if another thread is reading from it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
    connection.close()


# S3: a fault gets the request.


def refused(status: int, code: str) -> Callable[[Handler, bytes], None]:
    def fault(handler: Handler, _body: bytes) -> None:
        text = f"<Error><Code>{code}</Code><Message>As arranged.</Message></Error>"
        handler.answer(status, {"Content-Type": "application/xml"}, text.encode())

    return fault


def never_answered(handler: Handler, _body: bytes) -> None:
    handler.server.released.wait()
    handler.close_connection = True


def answer_lost(handler: Handler, body: bytes) -> None:
    """S3 executes the request, but its answer is lost."""
    handler.ask(body)
    handler.close_connection = True


def answer_cut_off(handler: Handler, body: bytes) -> None:
    status, headers, answer = handler.ask(body)
    handler.answer(
        status, {**headers, "Content-Length": str(len(answer))}, answer[: len(answer) // 2]
    )
    handler.close_connection = True


def answered_slowly(handler: Handler, body: bytes) -> None:
    status, headers, answer = handler.ask(body)
    handler.answer(status, headers | {"Content-Length": str(len(answer))}, b"")
    size = -(-len(answer) // _PIECES) or 1
    for at in range(0, len(answer), size):
        handler.wfile.flush()
        Event().wait(_PAUSE)
        handler.wfile.write(answer[at : at + size])


def connection_reset(handler: Handler, _body: bytes) -> None:
    handler.close_connection = True
    _reset(handler.connection)


S3 = [
    Kind("500", ".", refused(500, "InternalError")),
    Kind("503", ".", refused(503, "SlowDown")),
    Kind("409 to a conditional PUT", "^PUT", refused(409, "ConditionalRequestConflict")),
    Kind("no answer", "^PUT .*commits/", never_answered),
    Kind("answer of a GET cut off", "^GET .*(csv|parquet|json)$", answer_cut_off),
    Kind("answer in slow pieces", "^GET", answered_slowly),
    Kind("answer of a part's PUT lost", "^PUT .*(csv|parquet)$", answer_lost),
    Kind("answer of a commit's PUT lost", "^PUT .*commits/", answer_lost),
    Kind("connection reset", ".", connection_reset),
]


# PostgreSQL: a fault gets a connection, and the bytes that are being sent on it.


class Line(BaseRequestHandler):
    """A client's connection, and the matching connection to the server."""

    server: "DatabaseProxy"

    def setup(self) -> None:
        self.upstream = socket.create_connection(self.server.upstream)
        self.answer_is_lost = self.of_load = False

    def handle(self) -> None:
        answers = Thread(target=self._pass_on, args=(self.upstream, "answers"), daemon=True)
        answers.start()
        self._pass_on(self.request, "asks")
        answers.join()

    def cut(self) -> None:
        """Reset both connections, in the middle of the traffic."""
        for end in (self.request, self.upstream):
            _reset(end)

    def _pass_on(self, source: socket.socket, who: str) -> None:
        target = self.upstream if source is self.request else self.request
        with suppress(OSError):
            while data := source.recv(65536):
                if who == "answers" and self.answer_is_lost:
                    self.cut()
                    return
                self.of_load |= b"insert into hedgehog.commits" in data
                text = f"{who}{' of a load' * self.of_load} {data[:400].decode('latin-1')}"
                fault = self.server.fault(text)
                (fault or _pass)(self, target, data)
        for end in (self.request, self.upstream):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


LineFault = Callable[[Line, socket.socket, bytes], None]


class DatabaseProxy(ThreadingTCPServer):
    """A proxy in front of a PostgreSQL server."""

    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Line)
        self.upstream = host, port
        self.released = Event()
        self.fault: Callable[[str], LineFault | None] = lambda _: None

    @property
    def port(self) -> int:
        return self.server_address[1]


def _pass(_line: Line, target: socket.socket, data: bytes) -> None:
    target.sendall(data)


def line_reset(line: Line, _target: socket.socket, _data: bytes) -> None:
    line.cut()


def line_silent(line: Line, _target: socket.socket, _data: bytes) -> None:
    line.server.released.wait()
    line.cut()


def done_and_answer_lost(line: Line, target: socket.socket, data: bytes) -> None:
    """The server executes the statement, but its answer is lost with the connection."""
    line.answer_is_lost = True
    target.sendall(data)


def passed_slowly(_line: Line, target: socket.socket, data: bytes) -> None:
    size = -(-len(data) // _PIECES) or 1
    for at in range(0, len(data), size):
        target.sendall(data[at : at + size])
        Event().wait(_PAUSE)


SOURCE = [
    Kind("shop: connection reset at the start", "^asks", line_reset),
    Kind("shop: connection reset within a COPY", "^answers .*last_updated", line_reset),
    Kind("shop: silent within a COPY", "^asks .*copy \\(select", line_silent),
    Kind("shop: slow", "^answers", passed_slowly),
]
WAREHOUSE = [
    Kind("warehouse: connection reset at the start", "^asks", line_reset),
    Kind("warehouse: connection reset within a COPY", '^asks .*copy "staging', line_reset),
    Kind("warehouse: connection reset at a COMMIT", "^asks of a load .*COMMIT", line_reset),
    Kind("warehouse: COMMIT done, answer lost", "^asks of a load .*COMMIT", done_and_answer_lost),
    Kind("warehouse: silent after a COMMIT", "^asks of a load .*COMMIT", line_silent),
    Kind("warehouse: slow", "^answers", passed_slowly),
]
SILENT = [
    Kind("shop: silent from the start", "^asks", line_silent),
    Kind("warehouse: silent from the start", "^asks", line_silent),
]
"""Separate, because the product waits ten seconds for each."""
