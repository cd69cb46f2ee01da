"""The Dagster resource for the lake."""

from dagster import ConfigurableResource, InitResourceContext

from hedgehog_pipeline.lake.lake import Lake, lake_in


class LakeResource(ConfigurableResource[Lake]):
    """The two buckets and their logs.

    dagster-aws's S3Resource is not used: it makes a new boto3 session each time, which reads the
    SDK's endpoint data again (0.1 s, three times a run).
    """

    ingestion_bucket: str
    processed_bucket: str

    def create_resource(self, context: InitResourceContext) -> Lake:  # noqa: ARG002
        """Return the lake; nothing is read."""
        return lake_in(self.ingestion_bucket, self.processed_bucket)
