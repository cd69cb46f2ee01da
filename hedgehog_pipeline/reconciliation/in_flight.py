"""Explain why a key differs: its change is in flight, or a row says where it came from.

The warehouse's snapshot is opened first, then the log is read, then the source's snapshot is
opened. So all that the warehouse contains was captured before. A change in flight shows in the
source as a change since the watermark of the last loaded commit, and never the other way round.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from psycopg import sql

from hedgehog_pipeline.extraction.delete_detection import detect_deletes_of, keys_in_source
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.extraction.source_identity import known_watermarks, xids_since
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.model.tables import INGESTION_COMMIT, SourceTable, StarTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges, union
from hedgehog_pipeline.reconciliation.sides import WarehouseSide, key_in
from hedgehog_pipeline.storage.views import key_number
from hedgehog_pipeline.storage.warehouse import Warehouse


@dataclass(frozen=True)
class InFlight:
    """Warehouse, log and source, each read before the next, and what is in flight between them.

    Attributes:
        warehouse: the warehouse, in one snapshot.
        loaded: the last ingestion commit that is loaded together with all before it.
        head: the last ingestion commit.
        source: the source, in one snapshot.
    """

    warehouse: Warehouse
    lake: Lake
    loaded: IngestionCommit
    head: IngestionCommit
    source: SourceSnapshot

    def is_comparable(self, table: StarTable) -> bool:
        """Return whether the initial load of all inputs has landed and is in the warehouse."""
        return all(
            name in watermarks and watermarks[name].archive is None
            for watermarks in (known_watermarks(self.source, c) for c in (self.loaded, self.head))
            for name in table.inputs
        )

    def reasons(self, table: StarTable, keys: KeyRanges) -> Iterator[tuple[str, KeyRanges]]:
        """Yield each reason that explains why keys differ, with the keys that it applies to."""
        yield "not captured yet", self._members(table, self._not_captured)
        yield "landed, not loaded yet", self._members(table, self._not_loaded)
        yield "deleted in the source, not detected yet", self._members(table, self._deleted)
        yield "in quarantine", self._members(table, self._quarantined)
        yield "from an inbox file", self._from_inbox(table, keys)

    def _not_captured(self, table: SourceTable) -> KeyRanges:
        return self._changed_since(self.head, table)

    def _not_loaded(self, table: SourceTable) -> KeyRanges:
        landed = self.lake.landed(table)
        deleted = [
            (key, key)
            for commit in self.lake.ingestion.after(self.loaded.number)
            for key in landed.tombstones_of(commit)["key"].to_pylist()
        ]
        return union(self._changed_since(self.loaded, table), deleted)  # type: ignore[arg-type]

    def _changed_since(self, commit: IngestionCommit, table: SourceTable) -> KeyRanges:
        watermark = commit.base[table.name]
        changed = xids_since(watermark, self.source).new_rows(watermark.seen)
        return keys_in_source(self.source, table, changed)

    def _deleted(self, table: SourceTable) -> KeyRanges:
        return detect_deletes_of(self.source, self.lake.ingestion, self.head, table).deleted

    def _quarantined(self, table: SourceTable) -> KeyRanges:
        query = sql.SQL(
            "select distinct {key} from hedgehog.open_quarantine "
            "where table_name = {table} and {key} is not null"
        ).format(key=key_number(sql.SQL("key")), table=sql.Literal(table.name))
        return union((key, key) for (key,) in self.warehouse.connection.execute(query))

    def _from_inbox(self, table: StarTable, keys: KeyRanges) -> KeyRanges:
        """Return the keys whose row in the warehouse came from an inbox file.

        For a joined table this is read from the log: its rows get a newer commit from their
        parents.
        """
        if table.as_of:
            return self._members(table, self._last_from_inbox)
        return self._inbox_keys(WarehouseSide(self.warehouse.connection, table).commits(keys))

    def _last_from_inbox(self, table: SourceTable) -> KeyRanges:
        history = self.lake.landed(table).history(self.loaded.number)
        newest = history.newest().select([table.key, INGESTION_COMMIT.name])
        return self._inbox_keys(zip(*newest.to_pydict().values(), strict=True))

    def _members(self, table: StarTable, keys_of: Callable[[SourceTable], KeyRanges]) -> KeyRanges:
        """Return the keys that a reason applies to, through their own rows or their parents'."""
        subject, *parents = (self.warehouse.model.source[name] for name in table.inputs)
        return union(
            keys_of(subject),
            *(self._children(subject, parent, keys_of(parent)) for parent in parents),
        )

    def _children(self, subject: SourceTable, parent: SourceTable, keys: KeyRanges) -> KeyRanges:
        refers = key_in(subject.reference_to(parent.name), keys)
        return keys_in_source(self.source, subject, refers) if keys else []

    def _inbox_keys(self, rows: Iterable[tuple[int, int]]) -> KeyRanges:
        """Return the keys of rows whose commit landed an inbox file."""

        @cache
        def is_inbox(number: int) -> bool:
            known = 0 < number <= self.head.number  # a row written by hand may have any number
            return known and self.lake.ingestion.read(number).kind == "inbox"

        return union((key, key) for key, number in rows if is_inbox(number))
