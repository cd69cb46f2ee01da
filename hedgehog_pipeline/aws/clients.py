"""The clients of AWS, one of each in a process, and how long AWS may keep them waiting."""

import re
from functools import cache
from threading import Lock
from typing import Any, Literal

import boto3
from botocore.config import Config

from hedgehog_pipeline.errors import HedgehogError

TIMEOUTS = Config(connect_timeout=5, read_timeout=15)
"""Seconds of silence after which a request is given up; the SDK makes it again, twice.

Its own minute would let three tries take longer than Dagster gives a sensor's tick, which then ends
without a reason.
"""

_MAKING = Lock()

_USER_IN_URL = re.compile(r"(?<=//)\S*@")


@cache
def client(service: Literal["logs", "s3", "secretsmanager", "sns", "ssm"]) -> Any:
    """Give the client of a service, which keeps its connections.

    Threads may share a client; that two make one at once is what boto3's session does not bear.

    Raises:
        HedgehogError: where its endpoint is no URL, or holds a password: the SDK writes the whole
            endpoint into its errors.
    """
    with _MAKING:
        try:
            made = boto3.client(service, config=TIMEOUTS)
        except ValueError as error:
            if not str(error).startswith("Invalid endpoint"):  # botocore has no class of its own
                raise
            raise HedgehogError(
                f"{_USER_IN_URL.sub('***@', str(error))} is no URL; look at AWS_ENDPOINT_URL and "
                "its like."
            ) from None
    endpoint: str = made.meta.endpoint_url
    if "@" in endpoint:
        raise HedgehogError(
            f"The endpoint {_USER_IN_URL.sub('***@', endpoint)} of {service} holds a user or a "
            "password, which AWS takes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY alone. "
            "Take them out of AWS_ENDPOINT_URL and its like."
        )
    return made
