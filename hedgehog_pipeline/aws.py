"""The clients of AWS, one of each in a process, and how long AWS may keep them waiting."""

from functools import cache
from threading import Lock
from typing import Any, Literal

import boto3
from botocore.config import Config

PATIENCE = Config(connect_timeout=5, read_timeout=15)
"""Seconds of silence after which a request is given up; the SDK makes it again, twice.

Its own minute would let three tries take longer than Dagster gives a sensor's tick, which then ends
without a reason.
"""

_MAKING = Lock()


@cache
def client(service: Literal["logs", "s3", "secretsmanager", "sns", "ssm"]) -> Any:
    """Give the client of a service, which keeps its connections.

    Threads may share a client; that two make one at once is what boto3's session does not bear.
    """
    with _MAKING:
        return boto3.client(service, config=PATIENCE)
