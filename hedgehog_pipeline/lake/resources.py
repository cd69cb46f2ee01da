"""Dagster's view of the lake."""

from dagster import ConfigurableResource, InitResourceContext, ResourceDependency
from dagster_aws.s3 import S3Resource

from hedgehog_pipeline.lake.lake import Lake


class LakeResource(ConfigurableResource[Lake]):
    """The two buckets and their logs."""

    s3: ResourceDependency[S3Resource]
    ingestion_bucket: str
    processed_bucket: str

    def create_resource(self, context: InitResourceContext) -> Lake:  # noqa: ARG002
        """Put the lake together; nothing is read."""
        return Lake.of(self.s3.get_client(), self.ingestion_bucket, self.processed_bucket)
