"""An empty bucket for each test."""

from itertools import count

import boto3
import pytest

from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline_tests.support.servers import Servers

_NUMBERS = count()


@pytest.fixture
def bucket(servers: Servers) -> Bucket:
    name = f"lake-{next(_NUMBERS)}"
    servers.make_bucket(name)
    return Bucket(boto3.client("s3"), name)
