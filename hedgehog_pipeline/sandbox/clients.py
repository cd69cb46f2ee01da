"""How the sandbox itself talks to its S3 server and to its stand-in for AWS."""

import json
import urllib.request
from typing import Any

from botocore.config import Config

REGION = "eu-west-2"

ACCESS_KEY = "HEDGEHOG_SANDBOX_ACCESS_KEY"
"""The variable by which a server is told its key: arguments can be read by everybody here."""


def client_arguments(endpoint: str, access_key: str, secret_key: str) -> dict[str, Any]:
    """What `boto3.client` takes after the name of the service.

    Straight to the loopback address, whatever proxy this machine has; a refusal is told at once.
    """
    return {
        "endpoint_url": endpoint,
        "region_name": REGION,
        "aws_access_key_id": access_key,
        "aws_secret_access_key": secret_key,
        "config": Config(proxies={}, connect_timeout=5, retries={"total_max_attempts": 1}),
    }


def fetch_json(url: str, **headers: str) -> Any:
    """What a server answers there; None while it does not answer."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  our own servers
        with direct.open(request, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None
