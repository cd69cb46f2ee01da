"""The resources of the stages: they open the source, the lake, the warehouse, SSM and the log."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from dagster import ConfigurableResource, InitResourceContext
from pydantic import PrivateAttr

from hedgehog_pipeline.aws import clients as aws
from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.extraction.source import Source, SourceSnapshot
from hedgehog_pipeline.lake.lake import Lake, lake_in
from hedgehog_pipeline.logs.events import StageLog, attached
from hedgehog_pipeline.model.source import SourceTable
from hedgehog_pipeline.postgres.connection import read_credentials
from hedgehog_pipeline.storage.warehouse import Warehouse


class SourceResource(ConfigurableResource["SourceResource"]):
    """The source database; owns the open snapshot, so that a failed step releases it."""

    secret: str
    address: str | None
    ca: str | None
    slice_rows: int
    mass_delete_share: float

    _open: ExitStack = PrivateAttr(default_factory=ExitStack)

    @contextmanager
    def yield_for_execution(
        self,
        context: InitResourceContext,  # noqa: ARG002 (Dagster passes it)
    ) -> Generator["SourceResource", None, None]:
        """Close the snapshot at the end of the run, if it is still open."""
        with self._open:
            yield self

    def open_snapshot(self, tables: Sequence[SourceTable]) -> SourceSnapshot:
        """Open a snapshot of the source, until `close` or the end of the run."""
        credentials = read_credentials(self.secret, self.address, role="source")
        return self._open.enter_context(Source(credentials, self.ca).open_snapshot(tables))

    def close(self) -> None:
        """Close the snapshot."""
        self._open.close()


class ParametersResource(ConfigurableResource[Parameters]):
    """The SSM parameters."""

    prefix: str

    def create_resource(self, context: InitResourceContext) -> Parameters:  # noqa: ARG002
        """Create the client; nothing is read."""
        return Parameters(aws.client("ssm"), self.prefix)


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


class WarehouseResource(ConfigurableResource["WarehouseResource"]):
    """The warehouse database."""

    secret: str
    address: str | None
    ca: str | None

    @contextmanager
    def open(self) -> Generator[Warehouse, None, None]:
        """Connect to the warehouse."""
        credentials = read_credentials(self.secret, self.address, role="warehouse")
        with Warehouse.open(credentials, self.ca) as warehouse:
            yield warehouse


class LogResource(ConfigurableResource[StageLog]):
    """Sends the structured log lines of a run."""

    log_group: str | None
    log_format: str | None = None

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[StageLog, None, None]:
        """Attach the console and CloudWatch for the length of a run."""
        run = context.run.run_id if context.run else "none"
        with attached(self.log_group, run, self.log_format):
            yield StageLog()
