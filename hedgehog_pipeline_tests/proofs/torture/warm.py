"""Imports and caches of the fork server, so that its children need not load them again."""

import boto3

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.settings import Settings

for service in ("s3", "ssm", "secretsmanager"):
    boto3.client(service)

for stage in ("extraction", "processing", "storage"):
    platform(Settings()).resolve_job_def(stage)
