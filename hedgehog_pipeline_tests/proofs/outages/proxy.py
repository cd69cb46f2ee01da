"""A proxy in front of an S3 server that counts, refuses, delays and corrupts requests."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event
from urllib.parse import urlsplit

_BUSY = b"<Error><Code>ServiceUnavailable</Code><Message>Please reduce your rate.</Message></Error>"
_NOT_KEPT = {"transfer-encoding", "connection", "content-length", "expect"}


class Proxy(ThreadingHTTPServer):
    """An S3 endpoint; `caught` receives the client port of each request that is held up."""

    daemon_threads = True

    def __init__(self, endpoint: Callable[[], str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.endpoint = endpoint
        self.requests: Counter[str] = Counter()
        self.refusing = False
        self.caught: Queue[int] = Queue()
        self.key: str | None = None
        self.answer_lost = False
        self.released = Event()
        self.fault: Callable[[str], Fault | None] = lambda _: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def holding_up(self, key: str, *, answer_lost: bool) -> Iterator[None]:
        """Hold up every PUT whose key contains a text, or its answer; drop it at the end."""
        self.caught, self.released = Queue(), Event()
        self.key, self.answer_lost = key, answer_lost
        try:
            yield
        finally:
            self.key = None
            self.released.set()

    @contextmanager
    def refusing_all(self) -> Iterator[None]:
        """Answer each request with 503."""
        self.refusing = True
        try:
            yield
        finally:
            self.refusing = False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # sends an answer in one piece
    server: Proxy

    def handle_expect_100(self) -> bool:
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_message(self, *_: object) -> None:
        pass

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = "/".join(urlsplit(self.path).path.split("/")[:3])
        self.server.requests[f"{self.command} {kind}"] += 1
        if self.server.refusing:
            self.answer(503, {"Content-Type": "application/xml"}, _BUSY)
            return
        if fault := self.server.fault(f"{self.command} {self.path}"):
            fault(self, body)
            return
        key = self.server.key
        held_up = key is not None and self.command == "PUT" and key in self.path
        if held_up and not self.server.answer_lost:
            self._hold_up()
            return
        try:
            status, headers, answer = self.ask(body)
        except (OSError, HTTPException):
            self.close_connection = True
            return
        if held_up:
            self._hold_up()
            return
        self.answer(status, headers, answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on  # noqa: N815 (http.server's names)

    def _hold_up(self) -> None:
        released = self.server.released
        self.server.caught.put(self.client_address[1])
        released.wait()
        self.close_connection = True

    def ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(urlsplit(self.server.endpoint()).netloc, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name != "Expect"}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            headers = dict(answer.getheaders())
            length = headers.get("Content-Length")
            content = answer.read()
            kept = {name: text for name, text in headers.items() if name.lower() not in _NOT_KEPT}
            if self.command == "HEAD" and length is not None:
                kept["Content-Length"] = length
            return answer.status, kept, content
        finally:
            connection.close()

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


Fault = Callable[[Handler, bytes], None]
"""Handles a request with its body in place of the proxy."""
