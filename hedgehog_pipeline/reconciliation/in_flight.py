"""What explains that a key differs: a change on its way, or a row that says so of itself.

The warehouse's snapshot is opened first, then the log is read, then the shop's snapshot is opened:
whatever the warehouse holds was captured before, so that what is on its way shows in the shop as
change since the base of the last commit that is loaded, and never the other way round.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from psycopg import sql

from hedgehog_pipeline.extraction.capture import known_watermarks, xids_since
from hedgehog_pipeline.extraction.delete_detection import keys_held, sweep_table
from hedgehog_pipeline.extraction.source import SourceSnapshot
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.model.source import SOURCE, SourceTable
from hedgehog_pipeline.model.star import INGESTION_COMMIT, StarTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges, union
from hedgehog_pipeline.reconciliation.sides import WarehouseSide, among
from hedgehog_pipeline.storage.views import key_number
from hedgehog_pipeline.storage.warehouse import Warehouse


@dataclass(frozen=True)
class Standing:
    """Where the three stand, each read before the next: warehouse, log, shop.

    Attributes:
        warehouse: in one snapshot.
        lake: whose logs are read.
        loaded: the last ingestion commit that the warehouse holds with all before it.
        head: the last ingestion commit.
        moment: the shop.
    """

    warehouse: Warehouse
    lake: Lake
    loaded: IngestionCommit
    head: IngestionCommit
    moment: SourceSnapshot

    def is_followed(self, table: StarTable) -> bool:
        """Tell whether increments follow the table, and the warehouse holds its archive."""
        return all(
            name in watermarks and watermarks[name].archive is None
            for watermarks in (known_watermarks(self.moment, c) for c in (self.loaded, self.head))
            for name in table.inputs
        )

    def reasons(self, table: StarTable, keys: KeyRanges) -> Iterator[tuple[str, KeyRanges]]:
        """Give what explains differences, each with the keys that it holds for.

        Args:
            table: of the star.
            keys: those that differ.
        """
        yield "not captured yet", self._members(table, self._not_captured)
        yield "landed, not loaded yet", self._members(table, self._not_loaded)
        yield "deleted in the shop, awaits a sweep", self._members(table, self._not_swept)
        yield "in quarantine", self._members(table, self._quarantined)
        yield "from an inbox file", self._brought(table, keys)

    def _not_captured(self, table: SourceTable) -> KeyRanges:
        return self._changed_since(self.head, table)

    def _not_loaded(self, table: SourceTable) -> KeyRanges:
        landed = self.lake.landed(table)
        gone = [
            (key, key)
            for commit in self.lake.ingestion.after(self.loaded.number)
            for key in landed.tombstones_of(commit)["key"].to_pylist()
        ]
        return union(self._changed_since(self.loaded, table), gone)  # type: ignore[arg-type]

    def _changed_since(self, commit: IngestionCommit, table: SourceTable) -> KeyRanges:
        base = commit.base[table.name]
        return keys_held(self.moment, table, xids_since(base, self.moment).new_rows(base.seen))

    def _not_swept(self, table: SourceTable) -> KeyRanges:
        return sweep_table(self.moment, self.lake.ingestion, self.head, table).gone

    def _quarantined(self, table: SourceTable) -> KeyRanges:
        query = sql.SQL(
            "select distinct {key} from hedgehog.open_quarantine "
            "where table_name = {table} and {key} is not null"
        ).format(key=key_number(sql.SQL("key")), table=sql.Literal(table.name))
        return union((key, key) for (key,) in self.warehouse.connection.execute(query))

    def _brought(self, table: StarTable, keys: KeyRanges) -> KeyRanges:
        """Give the keys whose row in the warehouse somebody else brought.

        Of a joined table the log tells it: its rows are stamped anew by their parents.
        """
        if table.as_of:
            return self._members(table, self._brought_last)
        return self._of_inbox(WarehouseSide(self.warehouse.connection, table).commits(keys))

    def _brought_last(self, table: SourceTable) -> KeyRanges:
        history = self.lake.landed(table).history(self.loaded.number)
        newest = history.newest().select([table.key, INGESTION_COMMIT.name])
        return self._of_inbox(zip(*newest.to_pydict().values(), strict=True))

    def _members(self, table: StarTable, of: Callable[[SourceTable], KeyRanges]) -> KeyRanges:
        """Give the keys that a reason holds for, be it by their own rows or by their parents'."""
        subject, *parents = (SOURCE[name] for name in table.inputs)
        return union(
            of(subject), *(self._children(subject, parent, of(parent)) for parent in parents)
        )

    def _children(self, subject: SourceTable, parent: SourceTable, keys: KeyRanges) -> KeyRanges:
        (reference,) = (c.name for c in subject.columns if c.references == parent.name)
        return keys_held(self.moment, subject, among(reference, keys)) if keys else []

    def _of_inbox(self, rows: Iterable[tuple[int, int]]) -> KeyRanges:
        """Give the keys of rows whose commit is one of the inbox."""

        @cache
        def is_of_inbox(number: int) -> bool:
            known = 0 < number <= self.head.number  # whoever wrote the row by hand made up any
            return known and self.lake.ingestion.read(number).kind == "inbox"

        return union((key, key) for key, number in rows if is_of_inbox(number))
