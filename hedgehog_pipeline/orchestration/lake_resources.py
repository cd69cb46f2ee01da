"""Dagster's view of the lake."""

from dagster import ConfigurableResource, InitResourceContext

from hedgehog_pipeline.lake.lake import Lake, lake_in


class LakeResource(ConfigurableResource[Lake]):
    """The two buckets and their logs.

    Not by dagster-aws's S3Resource, which makes a new session of boto3's each time: that reads the
    SDK's endpoint data anew (0.1 s, three times a run).
    """

    ingestion_bucket: str
    processed_bucket: str

    def create_resource(self, context: InitResourceContext) -> Lake:  # noqa: ARG002
        """Hand over the lake; nothing is read."""
        return lake_in(self.ingestion_bucket, self.processed_bucket)
