"""Scans of the shop, one after another on one connection, each of which costs little."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hedgehog_pipeline.extraction.backlog import changed_tables
from hedgehog_pipeline.extraction.source import ConnectedSource
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.model.source import SourceTable


class Publish(Protocol):
    """Publishes what a scan saw."""

    def __call__(self, head: IngestionCommit | None, /, *, changed: bool) -> None:
        """Take the last ingestion commit, and whether the shop holds more."""


@dataclass
class SourceWatch:
    """Repeats a scan. Only the first one and one that finds something cost more than a question.

    Attributes:
        connect: gives the connection to the shop, the same one each time.
        log: of the ingestion bucket.
        tables: of the shop.
        publish: publishes what was seen, once and whenever that changes.
    """

    connect: Callable[[], ConnectedSource]
    log: CommitLog[IngestionCommit]
    tables: Sequence[SourceTable]
    publish: Publish
    _nothing_at: str | None = field(default=None, init=False)
    _head: IngestionCommit | None = field(default=None, init=False)

    def changed_tables(self) -> tuple[str, ...]:
        """Name the tables of which a capture would land something; none where nothing is new.

        Each look sees what is committed by then. The log is read for the first one, and again
        before something is called new: another writer may have landed it meanwhile.

        Raises:
            HedgehogError: where the shop or the lake cannot be read.
        """
        shop = self.connect()
        is_first = self._nothing_at is None
        if is_first:
            self._head = self.log.head()
        elif self._nothing_at == shop.snapshot_text():
            return ()
        changed, seen = self._scan(shop)
        if changed and not is_first and (head := self.log.head()) != self._head:
            self._head = head
            changed, seen = self._scan(shop)
        self._nothing_at = None if changed else seen
        if changed or is_first:
            self.publish(self._head, changed=bool(changed))
        return changed

    def _scan(self, shop: ConnectedSource) -> tuple[tuple[str, ...], str]:
        with shop.moment(self.tables) as moment:
            return changed_tables(moment, self._head, self.tables), moment.snapshot.text
