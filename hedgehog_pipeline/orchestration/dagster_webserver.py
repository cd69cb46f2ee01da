"""`python -m hedgehog_pipeline.orchestration.dagster_webserver`: Dagster's webserver, guarded.

Anyone who reaches Dagster's webserver may launch runs, and a browser sends requests to it for any
page that it has open. So this server answers only to its known host names, refuses what a page of
another origin sends, and executes no GraphQL by GET, which a mere link or picture can trigger.
"""

import os
import sys
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from dagster_webserver import cli
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.settings import Settings

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})

_UI_URL = "HEDGEHOG_UI_URL"

_HEALTH = "/server_info"
"""Returns only versions; a load balancer calls it by the task's IP address."""

_POLICY = "frame-ancestors 'self'; img-src 'self' data: blob:"
"""No other site may frame the UI, and no text in it may load a picture from elsewhere."""


class Guard:
    """Refuses requests that a browser sends for another site, before they reach the application.

    Args:
        app: Dagster's application.
        hosts: host names that people use, without ports.
        prefix: path of the application, empty if it is served at the root.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], prefix: str = "") -> None:
        """Store the application and the host names that it answers to."""
        self._app = app
        self._hosts = hosts
        self._health = f"{prefix}{_HEALTH}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it to the application."""
        kind = scope["type"]
        refusal = self._refusal(HTTPConnection(scope)) if kind in {"http", "websocket"} else None
        if refusal is None:
            await self._app(scope, receive, _with_policy(send))
        elif kind == "websocket":
            await WebSocketClose(code=1008, reason="refused")(scope, receive, send)
        else:
            await PlainTextResponse(f"{refusal}\n", status_code=403)(scope, receive, send)

    def _refusal(self, request: HTTPConnection) -> str | None:
        path, host = request.scope["path"], request.headers.get("host", "")
        if path == self._health:
            return None
        if _netloc(f"//{host}")[0] not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            return (
                f"Dagster is reached here as {names}, not as {printable(host, 100)!r}. If people "
                "reach it by that name, set HEDGEHOG_UI_URL to its address."
            )
        origin = request.headers.get("origin")
        if origin is not None and _netloc(origin)[1] != host.lower():
            return f"A page of {printable(origin, 100)!r} may not send requests to Dagster."
        if _executes_by_get(request, path):
            return "GraphQL is executed by POST only: a link must not launch runs."
        return None


def _netloc(url: str) -> tuple[str | None, str]:
    """Return the host name of a URL, and the host name with its port."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, ""
    return parts.hostname, parts.netloc.lower()


def _executes_by_get(request: HTTPConnection, path: str) -> bool:
    """Return whether Dagster would execute the URL; to a client of HTML it shows a page instead."""
    return (
        request.scope["type"] == "http"
        and request.scope["method"] == "GET"
        and path.rstrip("/").endswith("/graphql")
        and "text/html" not in request.headers.get("accept", "")
    )


def _with_policy(send: Send) -> Send:
    async def send_with_policy(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("content-security-policy", _POLICY)
        await send(message)

    return send_with_policy


def guarded(context: Any, path_prefix: str = "", *arguments: Any, **options: Any) -> Starlette:
    """Create Dagster's own application, behind the guard.

    Raises:
        HedgehogError: if HEDGEHOG_UI_URL, the only setting that is read, is not valid.
    """
    app = create_app_from_workspace_process_context(context, path_prefix, *arguments, **options)
    address = Settings.from_environment({_UI_URL: os.environ.get(_UI_URL, "")}).ui_url
    named = urlsplit(address).hostname
    hosts = _THIS_MACHINE | ({named} if named else set())
    app.add_middleware(Guard, hosts=hosts, prefix=path_prefix)
    return app


def main() -> None:
    """Serve until stopped; exit with a message if the UI's address is not valid."""
    # Dagster has no option for this.
    cli.create_app_from_workspace_process_context = guarded  # pyright: ignore[reportPrivateImportUsage]
    try:
        cli.main()
    except HedgehogError as error:
        sys.exit(f"hedgehog: {printable(str(error))}")


if __name__ == "__main__":
    main()
