"""Commits: the JSON objects that say which parts make a batch, readable by any S3 client.

Their fields are the lake's contract. Times are aware UTC. `format` is raised when a reader of the
earlier format would misread a new one.
"""

import zlib
from base64 import b64decode, b64encode
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

from hedgehog_pipeline.model.source import SOURCE

IngestionKind = Literal["archive", "increment", "sweep", "inbox"]
PartKind = Literal["rows", "keys", "tombstones", "quarantine", "readmitted"]
"""What the rows of a part are: rows of the table, ranges of the keys that a sweep saw, keys that it
saw no more, why values cannot be taken, or which rows could be after all (schema/quarantine.py)."""

CHANGING_KINDS: tuple[PartKind, ...] = ("rows", "tombstones")
"""The kinds of parts that change what a table holds; the others say something of its rows."""

Ranges = tuple[tuple[int, int], ...]
"""Inclusive ranges of transaction ids, in order and apart from each other."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(_Record):
    """An immutable object of a batch: CSV in the ingestion bucket, Parquet in the processed one.

    Attributes:
        asset: the asset it belongs to, `oltp/<table>` or `star/<table>`.
        kind: what its rows are.
        key: its key in the bucket.
        rows: how many rows it holds.
        bytes: its size.
        columns: the names of its columns, in order.
        sha256: digest of the object, in hexadecimal; None in a lake that was written before it was
            kept.
    """

    asset: str
    kind: PartKind = "rows"
    key: str
    rows: int
    bytes: int
    columns: tuple[str, ...]
    sha256: str | None = None


class ArchivePosition(_Record):
    """How far the archive of a table is landed: up to and with this primary key, or not begun."""

    after: int | None = None


class Fingerprint(_Record):
    """What a SELECT of a table gives depends on, besides its rows.

    A change of it writes no row, so no transaction id tells of it
    (extraction/another_source.py).

    Attributes:
        table: the table's oid.
        columns: of each declared column its number, its type and what it is generated from.
        labels: the labels of their enums, by the oid of each.
        partitions: by the oid of each partition that holds its rows, the transactions that
            attached it and those above it.
    """

    table: int
    columns: dict[str, str]
    labels: dict[int, str] = {}
    partitions: dict[int, str] = {}


class Watermark(_Record):
    """Up to where a table of the shop is captured (docs/design.md, "Capture").

    Attributes:
        snapshot: text of `pg_current_snapshot()` at the last capture; of the archive, the
            transactions that were over at its first slice.
        seen: inclusive ranges of transaction ids at or above the snapshot's xmin that were over;
            in JSON the commit holds them.
        archive: the place that the archive has reached, or None when it is complete.
        alone: whether that archive is read while other tables are captured as ever.
        fingerprint: what the table was at the last capture, None in a lake that was begun before
            it was kept.
        captured_at: when the last capture began, UTC.
        commit: the commit of the last capture.
        landed: the latest commit that holds something of the table beside the keys that a sweep
            saw, 0 where none does.
        swept: the latest sweep that landed its keys, 0 where none did.
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
    """How many rows an asset has: landed or shaped, each commit counted once.

    Attributes:
        day: the last UTC day on which it got rows.
        of_day: the rows of that day.
        in_all: the rows of all days that are counted.
    """

    day: date
    of_day: int
    in_all: int


class RowCounts(_Record):
    """How many rows the assets of a log have.

    Attributes:
        first: the first commit that is counted; what is in all is known where it is 1.
        assets: the numbers by asset; one that has no rows is absent.
    """

    first: int
    assets: dict[str, RowCount] = {}


class Commit(_Record):
    """What both logs have in common.

    Attributes:
        log: id of the log, given by its first commit.
        number: place in the log, from 1 without gaps.
        previous: batch id of the commit before, None for the first.
        batch: id of the batch, unique and sorting by time.
        date: UTC day on which the batch landed: the partition.
        parts: the objects of the batch.
        row_counts: how many rows each asset has with this commit, replays left aside; None in a
            lake that was begun before they were counted.
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
        """How many rows its parts hold."""
        return sum(part.rows for part in self.parts)

    def parts_of(self, asset: str, kind: PartKind = "rows") -> tuple[Part, ...]:
        """Give the parts of a kind that belong to an asset."""
        return tuple(part for part in self.parts if (part.asset, part.kind) == (asset, kind))

    def holds(self, asset: str) -> bool:
        """Tell whether it holds anything of an asset."""
        return any(part.asset == asset for part in self.parts)

    def touches(self, asset: str) -> bool:
        """Tell whether it holds something of an asset beside the keys that a sweep saw."""
        return any(part.asset == asset and part.kind != "keys" for part in self.parts)


def _text_of(ranges: Ranges) -> str:
    """Write ranges by the steps from edge to edge, which are small and alike: a bit or two each."""
    edges = [edge for first, last in ranges for edge in (first, last + 1)]
    steps = " ".join(str(edge - before) for before, edge in pairwise([0, *edges]))
    return b64encode(zlib.compress(steps.encode())).decode()


def _ranges_of(text: str) -> Ranges:
    steps = zlib.decompress(b64decode(text, validate=True)).split()
    edges = list(accumulate(map(int, steps)))
    return tuple((first, end - 1) for first, end in zip(edges[::2], edges[1::2], strict=True))


def _seen_by(base: dict[str, Any], seen: dict[str, Ranges]) -> Ranges:
    if "seen" in base:
        return tuple((int(first), int(last)) for first, last in base["seen"])
    return seen.get(base["snapshot"], ())


class InboxFile(_Record):
    """A file of the inbox in one of its contents.

    Attributes:
        key: its key in the ingestion bucket.
        etag: S3's name of the content.
    """

    key: str
    etag: str


class IngestionCommit(Commit):
    """A capture of the shop, or a file that somebody brought.

    Attributes:
        kind: a slice of the archive, beside the change of the tables that are captured as ever;
            the change since the capture before, the keys that the shop holds, or rows that
            somebody else brought.
        captured_at: when the capture began, UTC.
        source: identity of the database: system identifier / timeline / database oid.
        base: per table, up to where the shop is captured with this commit.
        reread: why the shop is read in full again from this commit on, None where it is not.
        reread_tables: why tables are read in full again from this commit on, while the others are
            captured as ever.
        taken: the file of the inbox that landed with it, None where it is of another kind.
        inbox: the latest commit before it that took a file, 0 where none did: the taken files are
            found by walking back.

    What was seen in one snapshot stands in JSON once, as `seen`, by the snapshot's text: base64 of
    zlib of numbers in ASCII, the steps from one edge to the next. `7 3 2 1` is 7 to 9 and 12.
    Format 1 had the ranges in each base.
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
    def _hand_out_seen(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        try:
            seen = {name: _ranges_of(text) for name, text in data.get("seen", {}).items()}
            watermarks = {
                name: base
                if isinstance(base, Watermark)
                else {**base, "seen": _seen_by(base, seen)}
                for name, base in data["base"].items()
            }
        except (AttributeError, KeyError, TypeError, zlib.error) as error:
            raise ValueError("seen and base do not fit together") from error
        return {**data, "base": watermarks}

    @model_serializer(mode="wrap")
    def _keep_seen_once(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data = serialize(self)
        seen: dict[str, Ranges] = {}
        for name, base in self.base.items():
            if seen.setdefault(base.snapshot, base.seen) != base.seen:  # as format 1 could be
                data["base"][name]["seen"] = base.seen
        texts = {snapshot: _text_of(ranges) for snapshot, ranges in seen.items() if ranges}
        return {**data, "seen": texts}

    @property
    def latest_inbox(self) -> int:
        """The latest commit up to and with it that took a file, 0 where none did."""
        return self.number if self.taken else self.inbox

    @property
    def archive_complete(self) -> bool:
        """Whether the archive of every table has landed; one not begun has no base."""
        return all(name in self.base and self.base[name].archive is None for name in SOURCE)


class ProcessedCommit(Commit):
    """What came out of some ingestion commits.

    Attributes:
        kind: `processed` marks its sources as done, a `restatement` does not.
        source_log: id of the ingestion log.
        sources: number and batch id of the ingestion commits it was made from.
        tables: names of the star tables that were made from them, rows or none.
        through: the highest ingestion commit that is processed with this commit.
        gaps: the ingestion commits below it that are not.
        archive_complete: whether the shop's archive had landed with the last of its sources, and
            that one is processed.
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
        """The last ingestion commit that is processed together with all before it."""
        return min(self.gaps, default=self.through + 1) - 1

    def covers(self, number: int) -> bool:
        """Tell whether an ingestion commit is processed with this commit or one before it."""
        return number <= self.through and number not in self.gaps


AnyCommit = TypeVar("AnyCommit", bound=Commit)
