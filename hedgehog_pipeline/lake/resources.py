"""Dagster's view of the lake."""

import boto3
from dagster import ConfigurableResource, InitResourceContext

from hedgehog_pipeline.aws import PATIENCE
from hedgehog_pipeline.lake.lake import Lake


class LakeResource(ConfigurableResource[Lake]):
    """The two buckets and their logs.

    The client comes from boto3's default session: dagster-aws's S3Resource makes a new session for
    each, which reads the SDK's endpoint data anew (0.1 s, three times a run).
    """

    ingestion_bucket: str
    processed_bucket: str

    def create_resource(self, context: InitResourceContext) -> Lake:  # noqa: ARG002
        """Put the lake together; nothing is read."""
        return Lake.of(
            boto3.client("s3", config=PATIENCE), self.ingestion_bucket, self.processed_bucket
        )
