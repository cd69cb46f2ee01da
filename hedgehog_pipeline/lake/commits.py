"""Commits: the JSON objects that list the parts of a batch, readable by any S3 client.

Their fields are the lake's contract. Times are aware UTC. `format` is raised when a reader of the
earlier format would misread a new commit.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import date, datetime
from itertools import accumulate, pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    SkipValidation,
    model_serializer,
    model_validator,
)

IngestionKind = Literal["archive", "increment", "sweep", "inbox"]
PartKind = Literal["rows", "keys", "tombstones", "quarantine", "readmitted"]
"""What the rows of a part are: rows of the table, key ranges that delete detection saw, tombstones
(deleted keys), quarantine entries, or resolutions of entries (model/side_tables.py)."""

CHANGING_KINDS: tuple[PartKind, ...] = ("rows", "tombstones")
"""The kinds of parts that change a table's rows; the other kinds are about its rows."""

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges of transaction ids, ascending and disjoint."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(_Record):
    """An immutable object of a batch: CSV in the ingestion bucket, Parquet in the processed one.

    Attributes:
        asset: the asset it belongs to, `oltp/<table>` or `star/<table>`.
        kind: what its rows are (`PartKind`).
        sha256: hexadecimal digest of the object; None in commits older than this field.
    """

    asset: str
    kind: PartKind = "rows"
    key: str
    rows: int
    bytes: int
    columns: tuple[str, ...]
    sha256: str | None = None


class ArchivePosition(_Record):
    """How far a table's initial load has landed: up to and including this key; None: not begun."""

    after: int | None = None


class Fingerprint(_Record):
    """What the result of a SELECT on a table depends on, apart from its rows.

    A change of it writes no row, so no transaction id shows it (extraction/drift.py).

    Attributes:
        table: oid of the table.
        columns: per declared column its number, its type and its generation expression.
        labels: the labels of the columns' enums, by enum oid.
        partitions: per oid of a partition with rows, the transactions that attached it and its
            parent partitions.
    """

    table: int
    columns: dict[str, str]
    labels: dict[int, str] = {}
    partitions: dict[int, str] = {}


class Watermark(_Record):
    """How far a source table is captured (docs/design.md, "Capture").

    Attributes:
        snapshot: text of `pg_current_snapshot()` at the last capture; during the initial load, at
            its first slice.
        seen: inclusive ranges of transaction ids at or above the snapshot's xmin that had ended;
            in JSON they are a field of the commit.
        archive: how far the initial load is, None when it is complete.
        alone: whether this table's load runs while the other tables are captured incrementally.
        fingerprint: the table's definition at the last capture, None in commits older than this
            field.
        captured_at: when the last capture began, UTC.
        commit: number of the commit of the last capture.
        landed: the latest commit with a part of the table other than key ranges of delete
            detection, 0 for none.
        swept: the latest commit of delete detection with its key ranges, 0 for none.
    """

    snapshot: str
    seen: Annotated[Ranges, SkipValidation, Field(exclude=True)] = ()
    archive: ArchivePosition | None = None
    alone: bool = False
    fingerprint: Fingerprint | None = None
    captured_at: datetime
    commit: int
    landed: int = 0
    swept: int = 0


class RowCount(_Record):
    """How many rows an asset has, each commit counted once.

    Attributes:
        day: the latest UTC day with rows.
        of_day: the number of rows of that day.
        in_all: the number of rows of all counted days.
    """

    day: date
    of_day: int
    in_all: int


class RowCounts(_Record):
    """The row counts of all assets of a log.

    Attributes:
        first: the first counted commit; the totals are complete if it is 1.
        assets: the counts by asset; an asset without rows is left out.
    """

    first: int
    assets: dict[str, RowCount] = {}


class Commit(_Record):
    """The fields that commits of both logs have.

    Attributes:
        log: id of the log, set by its first commit.
        number: number in the log, from 1 without gaps.
        previous: batch id of the commit before it, None for the first.
        batch: id of the batch, unique; ids sort by time.
        date: UTC day on which the batch landed: its partition.
        row_counts: the rows of each asset up to this commit, without replays; None in a lake older
            than this field.
    """

    format: Literal[1, 2] = 1
    log: str
    number: int
    previous: str | None
    batch: str
    date: date
    parts: tuple[Part, ...] = ()
    row_counts: RowCounts | None = None

    @property
    def rows(self) -> int:
        """How many rows its parts have."""
        return sum(part.rows for part in self.parts)

    def parts_of(self, asset: str, kind: PartKind = "rows") -> tuple[Part, ...]:
        """Return the parts of an asset and a kind."""
        return tuple(part for part in self.parts if (part.asset, part.kind) == (asset, kind))

    def holds(self, asset: str) -> bool:
        """Return whether it has any part of an asset."""
        return any(part.asset == asset for part in self.parts)

    def touches(self, asset: str) -> bool:
        """Return whether an asset has a part here other than key ranges of delete detection."""
        return any(part.asset == asset and part.kind != "keys" for part in self.parts)


def _encode_ranges(ranges: Ranges) -> str:
    """Encode ranges as the steps from edge to edge: small, similar numbers that compress well."""
    edges = [edge for first, last in ranges for edge in (first, last + 1)]
    steps = " ".join(str(edge - before) for before, edge in pairwise([0, *edges]))
    return b64encode(zlib.compress(steps.encode())).decode()


def _decode_ranges(text: str) -> Ranges:
    steps = zlib.decompress(b64decode(text, validate=True)).split()
    edges = list(accumulate(map(int, steps)))
    return tuple((first, end - 1) for first, end in zip(edges[::2], edges[1::2], strict=True))


def _seen_of(watermark: dict[str, Any], seen: dict[str, Ranges]) -> Ranges:
    if "seen" in watermark:  # always in format 1
        return tuple((int(first), int(last)) for first, last in watermark["seen"])
    return seen.get(watermark["snapshot"], ())


class InboxFile(_Record):
    """One version of a file in the inbox.

    Attributes:
        etag: S3's ETag of this content.
    """

    key: str
    etag: str


class IngestionCommit(Commit):
    """A capture of the source, or a loaded inbox file.

    Attributes:
        kind: `archive`: a slice of the initial load, with the changes of tables that are already
            loaded; `increment`: the changes since the last capture; `sweep`: the result of delete
            detection; `inbox`: the rows of an inbox file.
        captured_at: when the capture began, UTC.
        source: identity of the source database: system identifier / timeline / database oid.
        base: per table, its watermark with this commit.
        reread: why a full refresh of all tables begins with this commit, None if none begins.
        reread_tables: per table, why its full refresh begins with this commit, while other tables
            are captured incrementally.
        taken: the inbox file that landed with it, None for any other kind.
        inbox: the latest earlier commit of an inbox file, 0 for none: a linked list of all files
            that were loaded.

    The JSON has the `seen` ranges of a snapshot once, in the field `seen` under the text of the
    snapshot: base64 of zlib of ASCII numbers, the steps from one edge to the next. `7 3 2 1` is
    7 to 9 and 12.
    Format 1 had the ranges in each watermark.
    """

    format: Literal[1, 2] = 2
    kind: IngestionKind
    captured_at: datetime
    source: str
    base: dict[str, Watermark]
    reread: str | None = None
    reread_tables: dict[str, str] = {}
    taken: InboxFile | None = None
    inbox: int = 0

    @model_validator(mode="before")
    @classmethod
    def _expand_seen(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        try:
            seen = {name: _decode_ranges(text) for name, text in data.get("seen", {}).items()}
            watermarks = {
                name: watermark
                if isinstance(watermark, Watermark)
                else {**watermark, "seen": _seen_of(watermark, seen)}
                for name, watermark in data["base"].items()
            }
        except (AttributeError, KeyError, TypeError, zlib.error) as error:
            raise ValueError("`seen` and `base` do not match") from error
        return {**data, "base": watermarks}

    @model_serializer(mode="wrap")
    def _deduplicate_seen(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data = serialize(self)
        seen: dict[str, Ranges] = {}
        for name, watermark in self.base.items():
            if seen.setdefault(watermark.snapshot, watermark.seen) != watermark.seen:
                data["base"][name]["seen"] = watermark.seen  # possible in a lake of format 1
        texts = {snapshot: _encode_ranges(ranges) for snapshot, ranges in seen.items() if ranges}
        return {**data, "seen": texts}

    @property
    def latest_inbox(self) -> int:
        """The latest commit of an inbox file up to this one, inclusive; 0 for none."""
        return self.number if self.taken else self.inbox

    def completes_initial_load(self, tables: Iterable[str]) -> bool:
        """Return whether the initial load of all tables has landed.

        A table whose initial load has not begun has no watermark.
        """
        return all(name in self.base and self.base[name].archive is None for name in tables)


class ProcessedCommit(Commit):
    """The transformed rows of some ingestion commits.

    Attributes:
        kind: `processed` marks its sources as processed, `restatement` (a replay) does not.
        source_log: id of the ingestion log.
        sources: number and batch id of each ingestion commit that it processed.
        tables: names of the star tables that were transformed, with or without rows.
        through: the highest ingestion commit that is processed as of this commit.
        gaps: the ingestion commits below `through` that are not yet processed.
        archive_complete: whether the initial load had landed with the last of its sources, and that
            source is processed.
    """

    kind: Literal["processed", "restatement"]
    source_log: str
    sources: tuple[tuple[int, str], ...]
    tables: tuple[str, ...] = ()
    through: int
    gaps: tuple[int, ...] = ()
    archive_complete: bool

    @property
    def complete_through(self) -> int:
        """The last ingestion commit that is processed together with all commits before it."""
        return min(self.gaps, default=self.through + 1) - 1

    def covers(self, number: int) -> bool:
        """Return whether an ingestion commit is processed as of this commit."""
        return number <= self.through and number not in self.gaps


AnyCommit = TypeVar("AnyCommit", bound=Commit)
