"""The AWS clients, one per service and process, and their timeouts."""

import re
from functools import cache
from threading import Lock
from typing import Any, Literal

import boto3
from botocore.config import Config

from hedgehog_pipeline.errors import HedgehogError

TIMEOUTS = Config(connect_timeout=5, read_timeout=15)
"""Seconds without an answer after which a request fails; the SDK retries it twice.

With the SDK's default of a minute, three tries take longer than Dagster allows a sensor tick, which
then fails without a reason.
"""

_CREATING = Lock()

_USER_IN_URL = re.compile(r"(?<=//)\S*@")


@cache
def client(service: Literal["logs", "s3", "secretsmanager", "sns", "ssm"]) -> Any:
    """Return the client of a service; it keeps its connections open.

    Threads may share a client, but boto3's session cannot create two clients at the same time.

    Raises:
        HedgehogError: if its endpoint is not a URL, or contains a password: the SDK writes the
            whole endpoint into its errors.
    """
    with _CREATING:
        try:
            created = boto3.client(service, config=TIMEOUTS)
        except ValueError as error:
            if not str(error).startswith("Invalid endpoint"):  # botocore has no class of its own
                raise
            raise HedgehogError(
                f"{_USER_IN_URL.sub('***@', str(error))} is not a URL; check AWS_ENDPOINT_URL and "
                "AWS_ENDPOINT_URL_<SERVICE>."
            ) from None
    endpoint: str = created.meta.endpoint_url
    if "@" in endpoint:
        raise HedgehogError(
            f"The endpoint {_USER_IN_URL.sub('***@', endpoint)} of {service} contains a user or a "
            "password, which AWS reads only from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. "
            "Remove them from AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>."
        )
    return created
