"""Scans the source again and again on one connection, each scan at little cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hedgehog_pipeline.extraction.backlog import changed_tables
from hedgehog_pipeline.extraction.source import ConnectedSource
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.model.tables import SourceTable


class Publish(Protocol):
    """Publishes what a scan saw."""

    def __call__(self, head: IngestionCommit | None, /, *, changed: bool) -> None:
        """Publish the last ingestion commit, and whether the source has changes since."""


@dataclass
class SourceWatch:
    """Repeats a scan; only the first scan and one after a change cost more than one small query.

    Attributes:
        connect: returns the connection to the source, the same one each time.
        log: the ingestion log.
        tables: the source tables to scan.
        publish: called after the first scan, and whenever the result may have changed.
    """

    connect: Callable[[], ConnectedSource]
    log: CommitLog[IngestionCommit]
    tables: Sequence[SourceTable]
    publish: Publish
    _unchanged_at: str | None = field(default=None, init=False)
    _head: IngestionCommit | None = field(default=None, init=False)

    def changed_tables(self) -> tuple[str, ...]:
        """Return the names of the tables of which a capture would land something.

        Each scan sees what is committed by then. The log is read for the first scan, and again
        before a change is reported: another writer may have landed it meanwhile.

        Raises:
            HedgehogError: if the source or the lake cannot be read.
        """
        source = self.connect()
        is_first = self._unchanged_at is None
        if is_first:
            self._head = self.log.head()
        elif self._unchanged_at == source.snapshot_text():
            return ()
        changed, seen = self._scan(source)
        if changed and not is_first and (head := self.log.head()) != self._head:
            self._head = head
            changed, seen = self._scan(source)
        self._unchanged_at = None if changed else seen
        if changed or is_first:
            self.publish(self._head, changed=bool(changed))
        return changed

    def _scan(self, source: ConnectedSource) -> tuple[tuple[str, ...], str]:
        with source.open_snapshot(self.tables) as snapshot:
            return changed_tables(snapshot, self._head, self.tables), snapshot.pg_snapshot.text
