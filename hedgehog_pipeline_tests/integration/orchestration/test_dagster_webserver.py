"""Dagster's webserver serves people who come to it, and no other site open in their browser."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from dagster_webserver import cli
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from hedgehog_pipeline.orchestration import dagster_webserver
from hedgehog_pipeline.orchestration.dagster_webserver import Guard
from hedgehog_pipeline.sandbox.clients import fetch_json
from hedgehog_pipeline.sandbox.ports import keep_ports
from hedgehog_pipeline.sandbox.waiting import await_condition

_UI = "hedgehog.shop.test"
_HERE = {"host": _UI}
_JSON = {"content-type": "application/json"}
_MUTATION = "mutation { setNuxSeen }"


@dataclass(frozen=True)
class Answer:
    kind: str
    status: int
    text: str
    headers: Headers


def ask(
    path: str,
    headers: dict[str, str],
    *,
    method: str = "GET",
    kind: str = "http",
    prefix: str = "",
) -> Answer:
    """Send a request to a guarded application that would answer everything."""
    sent: list[Message] = []
    path, _, query = path.partition("?")
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Guard(_answer_all, {_UI, "127.0.0.1", "::1"}, prefix)(scope, _nothing, send))
    body = b"".join(message.get("body", b"") for message in sent)
    first = sent[0]
    return Answer(
        first["type"],
        first.get("status", 0),
        body.decode(),
        Headers(raw=first.get("headers", [])),
    )


async def _answer_all(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await PlainTextResponse("answered")(scope, receive, send)


async def _nothing() -> Message:
    return {"type": "http.request"}


@pytest.mark.parametrize("host", [_UI, "127.0.0.1:3000", "[::1]:3000", "HEDGEHOG.shop.test"])
def test_known_host_names_are_answered(host: str) -> None:
    assert ask("/", {"host": host}).text == "answered"


@pytest.mark.parametrize("host", ["evil.test", "evil.test:3000", "", "[", f"{_UI}.evil.test"])
def test_a_foreign_host_name_is_refused(host: str) -> None:
    refused = ask("/", {"host": host})
    assert refused.status == 403
    assert "set HEDGEHOG_UI_URL to its address" in refused.text


def test_a_request_without_a_host_name_is_refused() -> None:
    assert ask("/", {}).status == 403


def test_a_load_balancer_may_check_the_health_by_the_tasks_address() -> None:
    task = {"host": "10.77.0.4:3000"}
    assert ask("/server_info", task).status == 200
    assert ask("/ui/server_info", task).status == 403
    assert ask("/ui/server_info", task, prefix="/ui").status == 200
    assert ask("/ui/report_asset_check/server_info", task, prefix="/ui").status == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", f"https://{_UI}:8443", f"https://{_UI}.evil.test", "["]
)
@pytest.mark.parametrize("path", ["/graphql", "/report_asset_materialization/warehouse/x"])
def test_a_request_from_a_page_of_another_origin_is_refused(origin: str, path: str) -> None:
    refused = ask(path, {**_HERE, "origin": origin}, method="POST")
    assert (refused.status, "answered" in refused.text) == (403, False)


def test_the_ui_itself_and_programs_may_send_requests() -> None:
    for headers in ({**_HERE, "origin": f"https://{_UI}"}, _HERE):
        assert ask("/graphql", headers, method="POST").text == "answered"


def test_a_websocket_is_opened_for_the_ui_only() -> None:
    own, foreign = (
        {**_HERE, "origin": origin} for origin in (f"https://{_UI}", "https://evil.test")
    )
    assert ask("/graphql", own, kind="websocket").kind == "websocket.accept"
    assert ask("/graphql", foreign, kind="websocket").kind == "websocket.close"


def test_a_link_or_a_picture_executes_nothing() -> None:
    for accepted in ("image/avif,image/*,*/*;q=0.8", "*/*"):
        answer = ask(f"/graphql?query={_MUTATION}", {**_HERE, "accept": accepted})
        assert answer.status == 403
    assert ask("/graphql", {**_HERE, "accept": "text/html"}).text == "answered"


def test_no_other_site_may_frame_the_ui_and_no_picture_comes_from_elsewhere() -> None:
    policy = ask("/", _HERE).headers["content-security-policy"]
    assert policy == "frame-ancestors 'self'; img-src 'self' data: blob:"


def test_the_deployed_program_is_guarded(tmp_path: Path) -> None:
    with _webserver(tmp_path) as port:
        mutation = {"query": _MUTATION}
        assert _status(port, "POST", "/graphql", mutation, {}) == 200
        for headers in ({"origin": "https://evil.test"}, {"host": "evil.test"}):
            assert _status(port, "POST", "/graphql", mutation, headers) == 403
        assert _status(port, "GET", "/graphql?query=mutation%7BsetNuxSeen%7D", None, {}) == 403
        assert _status(port, "GET", "/", None, {"host": f"{_UI}:{port}"}) == 200


def test_an_invalid_address_ends_in_a_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEHOG_UI_URL", _UI)
    monkeypatch.setattr(dagster_webserver, "create_app_from_workspace_process_context", Mock())
    monkeypatch.setattr(cli, "main", lambda: dagster_webserver.guarded(None))
    with pytest.raises(SystemExit, match=f"^hedgehog: HEDGEHOG_UI_URL is '{_UI}', which"):
        dagster_webserver.main()


@contextmanager
def _webserver(folder: Path) -> Iterator[int]:
    """Run the webserver as it is deployed, with an instance without a code location."""
    port = keep_ports(folder / "ports.json", ["webserver"])["webserver"]
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = [sys.executable, "-m", dagster_webserver.__name__, "--empty-workspace"]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(folder),
        "HEDGEHOG_UI_URL": f"https://{_UI}",
        "HEDGEHOG_FIRST_DAY": "no day",  # which the webserver does not read
    }
    server = subprocess.Popen(
        [*command, "-p", str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}/server_info"
        assert await_condition(lambda: fetch_json(url) is not None, 120)
        yield port
    finally:
        server.terminate()
        server.wait()


def _status(port: int, method: str, path: str, body: Any, headers: dict[str, str]) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, json.dumps(body) if body else None, {**_JSON, **headers})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status
