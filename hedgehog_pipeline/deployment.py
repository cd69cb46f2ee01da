"""What the settings of a deployment name, without Dagster: for the CLI and the sensors."""

import logging
from collections import Counter
from collections.abc import Collection, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from functools import cache

from hedgehog_pipeline.aws import clients as aws
from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.errors import HedgehogError, LakeMismatchError
from hedgehog_pipeline.extraction.pending_changes import record_scan
from hedgehog_pipeline.extraction.source import (
    ConnectedSource,
    Source,
    SourceSnapshot,
    estimated_rows,
)
from hedgehog_pipeline.extraction.source_watch import SourceWatch
from hedgehog_pipeline.extraction.watermarks import publish_watermarks
from hedgehog_pipeline.inbox.inbox import waiting_files
from hedgehog_pipeline.lake.bucket import StoredObject
from hedgehog_pipeline.lake.commits import IngestionCommit, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake, lake_in
from hedgehog_pipeline.lake.row_counts import rows_by_asset
from hedgehog_pipeline.model.model import Model, load_model
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline.monitoring.lag import seconds_behind
from hedgehog_pipeline.monitoring.quarantine import Entry, count_rows, read_first
from hedgehog_pipeline.monitoring.status import Status, read_status
from hedgehog_pipeline.postgres.connection import read_credentials
from hedgehog_pipeline.postgres.kept_connection import KeptConnection
from hedgehog_pipeline.processing import backlog as processing
from hedgehog_pipeline.scheduling.batching import MAX_COMMITS
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.storage import backlog as storage
from hedgehog_pipeline.storage.warehouse import Warehouse

_LOGGER = logging.getLogger(__name__)

_LARGE = 16 * 1024 * 1024
"""Size of the source tables, about 50,000 orders, from which the stages load in parallel."""


@dataclass(frozen=True)
class Deployment:
    """The lake, the source and the warehouse that the settings name.

    Attributes:
        settings: the settings.
    """

    settings: Settings
    _kept: "_Connections | None" = field(default=None, repr=False, compare=False)

    @contextmanager
    def keep_connections(self) -> Generator["Deployment", None, None]:
        """Yield this deployment with one connection to each database, kept until the block ends."""
        kept = _Connections(KeptConnection(self._connect_source), KeptConnection(self._connect))
        try:
            yield replace(self, _kept=kept)
        finally:
            kept.source.close()
            kept.warehouse.close()

    @property
    def model(self) -> Model:
        """The declared tables."""
        return load_model(self.settings.model)

    @property
    def tables(self) -> list[SourceTable]:
        """The declared source tables."""
        return list(self.model.source.values())

    @property
    def lake(self) -> Lake:
        """The two buckets and their logs."""
        return lake_in(self.settings.ingestion_bucket, self.settings.processed_bucket)

    @property
    def source(self) -> Source:
        """The source database, with the credentials that its secret holds now."""
        settings = self.settings
        credentials = read_credentials(
            settings.source_secret, settings.source_address, role="source"
        )
        return Source(credentials, settings.database_ca)

    @property
    def parameters(self) -> Parameters:
        """The parameters in SSM."""
        return Parameters(aws.client("ssm"), self.settings.parameter_prefix)

    @contextmanager
    def open_snapshot(self, tables: Sequence[SourceTable]) -> Generator[SourceSnapshot, None, None]:
        """Open a snapshot of the source.

        Raises:
            HedgehogError: if the source cannot be read, or the tables do not match their
                declaration.
        """
        with self._connected_source() as source, source.open_snapshot(tables) as snapshot:
            yield snapshot

    def warehouse(self) -> AbstractContextManager[Warehouse]:
        """Connect to the warehouse, with the credentials that its secret holds now."""
        return self._kept.warehouse.use() if self._kept else self._connect()

    def _connected_source(self) -> AbstractContextManager[ConnectedSource]:
        return self._kept.source.use() if self._kept else self._connect_source()

    def _connect_source(self) -> AbstractContextManager[ConnectedSource]:
        return self.source.connected()

    @contextmanager
    def _connect(self) -> Generator[Warehouse, None, None]:
        settings = self.settings
        credentials = read_credentials(
            settings.warehouse_secret, settings.warehouse_address, role="warehouse"
        )
        with Warehouse.open(credentials, settings.database_ca, self.model) as warehouse:
            yield warehouse

    def scan_source(self) -> tuple[str, ...]:
        """Return the tables with changes to capture; publish the scan in SSM."""
        with self.watch_source() as watch:
            return watch.changed_tables()

    @contextmanager
    def watch_source(self) -> Generator[SourceWatch, None, None]:
        """Yield a watch that scans the source on demand, over one connection."""
        with ExitStack() as stack:
            connect = cache(lambda: stack.enter_context(self._connected_source()))
            yield SourceWatch(connect, self.lake.ingestion, self.tables, self._publish)

    def initial_load_landed(self) -> bool:
        """Return whether the initial load has landed completely."""
        head = self.lake.ingestion.head()
        return head is not None and head.completes_initial_load(self.model.source)

    def has_large_initial_load(self) -> bool:
        """Return whether an initial load is pending that is worth a process for each stage."""
        if self.initial_load_landed():
            return False
        with self.open_snapshot(self.tables) as snapshot:
            return snapshot.bytes >= _LARGE

    def initial_load_estimate(self) -> int | None:
        """Estimate the rows of the initial load, while nothing has landed yet.

        None once something has landed, and where the source has no statistics.
        """
        if self.lake.ingestion.end():
            return None
        with self.open_snapshot(self.tables) as snapshot:
            return estimated_rows(snapshot, self.tables)

    def waiting_files(self) -> list[StoredObject]:
        """List the files waiting in the inbox, the oldest first."""
        return waiting_files(self.lake.ingestion)

    def check_source(self) -> None:
        """Check that the source can be read.

        Raises:
            HedgehogError: if it cannot.
        """
        with self.open_snapshot(self.tables):
            pass

    def confirm_lake(self) -> None:
        """Check that both logs and the warehouse belong together, before anything is written.

        If the warehouse cannot be reached, the check ends there: landing does not wait for it.

        Raises:
            LakeMismatchError: if a bucket was emptied, swapped or rolled back.
        """
        self.lake.confirm_source()
        try:
            with self.warehouse() as warehouse:
                storage.confirm_loaded(self.lake, warehouse)
        except LakeMismatchError:
            raise
        except HedgehogError:
            pass  # the load repeats the check, and its run reports the cause

    def commits_to_process(self, without: Collection[int] = ()) -> list[IngestionCommit]:
        """Read the oldest ingestion commits to process, except those in `without`."""
        head = self.lake.confirm_source()
        if head is None:
            self.confirm_lake()
        return processing.pending_commits(self.lake, head, MAX_COMMITS, without)

    def commits_to_load(self, without: Collection[int] = ()) -> list[ProcessedCommit]:
        """Read the oldest processed commits to load, except those in `without`."""
        with self.warehouse() as warehouse:
            storage.confirm_loaded(self.lake, warehouse)
            return storage.pending_commits(self.lake, warehouse, MAX_COMMITS, without)

    def seconds_behind(self) -> float:
        """Return how far the warehouse is behind the source, in seconds."""
        with self.warehouse() as warehouse:
            self._confirm_all(warehouse)
            now = datetime.now(timezone.utc)
            return seconds_behind(self.lake, warehouse, self.parameters, now)

    def read_status(self) -> Status:
        """Read how far each stage is."""
        with self.warehouse() as warehouse:
            self._confirm_all(warehouse)
            now = datetime.now(timezone.utc)
            return read_status(self.lake, warehouse, self.parameters, now)

    def first_quarantine_entry(self) -> tuple[int, Entry | None]:
        """Count the open quarantine entries, and return the first of them."""
        with self.warehouse() as warehouse:
            return read_first(warehouse)

    def rows_in_quarantine(self) -> int | None:
        """Count the rows in quarantine; None if the view `open_quarantine` is missing."""
        with self.warehouse() as warehouse:
            return count_rows(warehouse)

    def has_pending_commits(self) -> bool:
        """Return whether commits are pending; True if the warehouse cannot be reached.

        Raises:
            LakeMismatchError: if a bucket was emptied, swapped or rolled back.
        """
        to_process = self.commits_to_process()
        try:
            return bool(self.commits_to_load() or to_process)
        except LakeMismatchError:
            raise
        except HedgehogError:
            return True

    def _publish(self, head: IngestionCommit | None, *, changed: bool) -> None:
        """Publish the scan in SSM; a failure stops no capture, and the next scan retries it."""
        now = datetime.now(timezone.utc)
        try:
            record_scan(self.parameters, head, now, changed=changed)
            if head is not None:
                publish_watermarks(self.parameters, head)
        except HedgehogError as error:
            _LOGGER.warning("The scan could not be published in SSM. %s", error)

    def _confirm_all(self, warehouse: Warehouse) -> None:
        """Check that both logs are whole, and that the warehouse was loaded from them."""
        self.lake.confirm_latest()
        self.lake.confirm_source()
        storage.confirm_loaded(self.lake, warehouse)

    def rows_of_day(self, day: date) -> Counter[str]:
        """Count the rows of a day's commits by asset, without replays."""
        with self.warehouse() as warehouse:
            storage.confirm_loaded(self.lake, warehouse)
            processed = storage.commits_of_day(self.lake, warehouse, day)
        new = [commit for commit in processed if commit.kind == "processed"]
        return rows_by_asset([*self.lake.ingestion.of_day(day), *new])


@dataclass(frozen=True)
class _Connections:
    """The connections that a command keeps."""

    source: KeptConnection[ConnectedSource]
    warehouse: KeptConnection[Warehouse]
