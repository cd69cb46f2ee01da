"""Dagster resources for the source and for SSM, thin wrappers around the domain objects."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from dagster import ConfigurableResource, InitResourceContext
from pydantic import PrivateAttr

from hedgehog_pipeline.aws import clients as aws
from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.extraction.source import Source, SourceSnapshot
from hedgehog_pipeline.model.source import SourceTable
from hedgehog_pipeline.postgres.connection import read_credentials


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
