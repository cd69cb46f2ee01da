"""Clients of the sandbox's own S3 server and AWS emulator."""

import json
import urllib.request
from typing import Any

from botocore.config import Config

REGION = "eu-west-2"

ACCESS_KEY = "HEDGEHOG_SANDBOX_ACCESS_KEY"
"""The variable that passes a server its key: any user of the machine can read arguments."""


def client_arguments(endpoint: str, access_key: str, secret_key: str) -> dict[str, Any]:
    """Return the arguments of `boto3.client` after the name of the service.

    The client uses no proxy and does not retry, so that a refusal is raised at once.
    """
    return {
        "endpoint_url": endpoint,
        "region_name": REGION,
        "aws_access_key_id": access_key,
        "aws_secret_access_key": secret_key,
        "config": Config(proxies={}, connect_timeout=5, retries={"total_max_attempts": 1}),
    }


def fetch_json(url: str, **headers: str) -> Any:
    """Return the JSON at a URL, None if the server does not answer."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  our own servers
        with direct.open(request, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None
