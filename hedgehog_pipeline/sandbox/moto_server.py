"""`python -m hedgehog_pipeline.sandbox.moto_server PORT`: moto behind the sandbox's access key.

moto itself accepts any keys from every user of the machine.
"""

import hmac
import os
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import (  # pyright: ignore[reportMissingTypeStubs]
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple
from werkzeug.wrappers import Response

from hedgehog_pipeline.sandbox.clients import ACCESS_KEY
from hedgehog_pipeline.sandbox.ports import LOOPBACK

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_SIGNED_WITH = re.compile(r"Credential=([^/]+)/")


class WithKey:
    """Forwards requests that are signed with an access key, and rejects all others.

    Args:
        app: moto.
        key: the access key. Keep it as secret as its secret key: moto checks no signature.
    """

    def __init__(self, app: "WSGIApplication", key: str) -> None:
        """Does not serve yet."""
        self._app = app
        self._key = key

    def __call__(self, environ: "WSGIEnvironment", respond: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        named = _SIGNED_WITH.search(environ.get("HTTP_AUTHORIZATION", ""))
        if named and hmac.compare_digest(named[1].encode(), self._key.encode()):
            return self._app(environ, respond)
        return Response("The access key is not the sandbox's.\n", 403)(environ, respond)


def main() -> None:
    """Serve until the process is stopped."""
    moto = DomainDispatcherApplication(create_backend_app)
    run_simple(
        LOOPBACK,
        int(sys.argv[1]),
        WithKey(moto, os.environ[ACCESS_KEY]),
        threaded=True,
        request_handler=MotoRequestHandler,
    )


if __name__ == "__main__":
    main()
