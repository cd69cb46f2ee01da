"""The resources of the stages, besides the `Deployment`: the open snapshot, and the log."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from dagster import ConfigurableResource, InitResourceContext
from pydantic import PrivateAttr

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.logs.events import StageLog, attached
from hedgehog_pipeline.model.tables import SourceTable


class SnapshotResource(ConfigurableResource["SnapshotResource"]):
    """Owns the open snapshot of the source, so that a failed step releases it."""

    _open: ExitStack = PrivateAttr(default_factory=ExitStack)

    @contextmanager
    def yield_for_execution(
        self,
        context: InitResourceContext,  # noqa: ARG002 (Dagster passes it)
    ) -> Generator["SnapshotResource", None, None]:
        """Close the snapshot at the end of the run, if it is still open."""
        with self._open:
            yield self

    def open(self, deployment: Deployment, tables: Sequence[SourceTable]) -> SourceSnapshot:
        """Open a snapshot of the source, until `close` or the end of the run."""
        return self._open.enter_context(deployment.open_snapshot(tables))

    def close(self) -> None:
        """Close the snapshot."""
        self._open.close()


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
