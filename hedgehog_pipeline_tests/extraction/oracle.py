"""What each capture of a shop had to land, told by triggers in the shop and by nothing of ours.

The triggers (history.py) write down every version of a row with the top-level transaction that
wrote it; a snapshot's text says which of these a capture saw.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline_tests.extraction.history import versions_in
from hedgehog_pipeline_tests.world import World

_END = 2**62
"""Above every transaction."""

_HISTORY = """
    select version, at_table, key, writer::text::bigint, gone from history order by writer
"""


@dataclass
class Verdict:
    """What all captures landed, held against what each had to.

    Attributes:
        captures: how many there were.
        written: versions that were committed, deletions included.
        transactions: how many wrote them.
        landed: versions that were landed.
        lost: versions that a capture had to land and did not.
        doubled: those that it landed and had not to.
    """

    captures: int = 0
    written: int = 0
    transactions: int = 0
    landed: int = 0
    lost: Counter[int] = field(default_factory=Counter[int])
    doubled: Counter[int] = field(default_factory=Counter[int])

    def __str__(self) -> str:
        """Write it as a line."""
        return (
            f"{self.written:,} versions of {self.transactions:,} transactions, "
            f"{self.captures:,} captures, {self.landed:,} landed, "
            f"{self.lost.total()} lost, {self.doubled.total()} doubled"
        )


@dataclass
class _Table:
    """What captures have to land of a table.

    Attributes:
        newest: of each row, its newest version and whether that is its deletion.
        due: the rows that changed since the last increment.
        of_archive: the versions that the archive has brought so far; None once increments follow.
    """

    newest: dict[int, tuple[int, bool]] = field(default_factory=dict[int, tuple[int, bool]])
    due: set[int] = field(default_factory=set[int])
    of_archive: Counter[int] | None = None

    def see(self, version: int, key: int, *, gone: bool) -> None:
        """Take note of a version that a capture sees."""
        if version > self.newest.get(key, (0, False))[0]:
            self.newest[key] = version, gone
            self.due.add(key)

    def begin_archive(self) -> None:
        """Take note that its archive begins."""
        self.of_archive = Counter()
        self.begin_anew()

    def begin_anew(self) -> None:
        """All of its rows have to land, whatever landed before."""
        self.due = set(self.newest)
        if self.of_archive is not None:
            self.of_archive = Counter()

    def take_slice(self, found: Counter[int]) -> None:
        """Take note of what a slice of the archive brought."""
        assert self.of_archive is not None
        self.of_archive += found

    def take_increment(self, found: Counter[int], verdict: Verdict) -> None:
        """Hold what an increment, and the archive before it, brought against what had to land."""
        expected = self.expected()
        if self.of_archive is not None:
            verdict.doubled += Counter({v: n - 1 for v, n in self.of_archive.items() if n > 1})
            expected, self.of_archive = expected - self.of_archive, None
        verdict.lost += expected - found
        verdict.doubled += found - expected

    def expected(self) -> Counter[int]:
        """Give the versions that have to land by now; then others are waited for."""
        rows = [self.newest[key] for key in self.due]
        self.due = set()
        return Counter(version for version, gone in rows if not gone)


def judge(world: World) -> Verdict:
    """Hold the ingestion log against what was written down."""
    history = _History(world)
    verdict = Verdict(written=len(history.rows), transactions=len({row[3] for row in history.rows}))
    before: dict[str, Any] = {}
    for commit in world.commits(world.settings.ingestion_bucket):
        if commit["kind"] in {"archive", "increment"}:
            found = versions_in(world, commit["parts"])
            verdict.captures += 1
            verdict.landed += sum(versions.total() for versions in found.values())
            _judge_capture(history, commit, before, found, verdict)
            before = commit["base"]
    history.see_all()
    for table in history.tables.values():
        table.take_increment(Counter(), verdict)  # the last one, which was let go
    return verdict


def _judge_capture(
    history: "_History",
    commit: dict[str, Any],
    before: dict[str, Any],
    found: dict[str, Counter[int]],
    verdict: Verdict,
) -> None:
    """Hold a commit against what it had to bring.

    Args:
        history: what was written down.
        commit: as it stands in the bucket.
        before: the watermarks of the capture before.
        found: the versions that it brings, by table.
        verdict: takes what differs.
    """
    watermarks, number = commit["base"], commit["number"]
    begun = set(SOURCE if commit["reread"] or not before else commit["reread_tables"])
    taken = {name for name in watermarks if watermarks[name]["commit"] == number}
    slices = {name for name in taken if name in begun or before[name]["archive"]}
    if snapshots := {watermarks[name]["snapshot"] for name in taken - slices}:
        (snapshot,) = snapshots
        history.see(snapshot)
    for name in begun:
        history.tables[name].begin_archive()
    for name, table in history.tables.items():
        if name in slices:
            table.take_slice(found[name])
        elif name in taken:
            table.take_increment(found[name], verdict)
        else:
            verdict.doubled += found[name]


class _History:
    """What the triggers wrote down, as far as a capture sees it.

    Attributes:
        rows: all of it, in the order of the transactions.
        tables: what captures have to land.
    """

    def __init__(self, world: World) -> None:
        self.rows: list[tuple[Any, ...]] = world.shop.execute(_HISTORY).fetchall()
        self.tables = {name: _Table() for name in SOURCE}
        self._to_come = deque(self.rows)
        self._waiting: list[tuple[Any, ...]] = []
        self._rewrites: list[tuple[str, int]] = world.shop.execute(
            "select at_table, writer::text::bigint from rewritten"
        ).fetchall()

    def see(self, snapshot: str) -> None:
        """See what a snapshot shows."""
        sees, end = _sight(snapshot), int(snapshot.split(":")[1])
        while self._to_come and self._to_come[0][3] < end:
            self._waiting.append(self._to_come.popleft())
        for version, table, key, writer, gone in self._waiting:
            if sees(writer):
                self.tables[table].see(version, key, gone=gone)
        self._waiting = [row for row in self._waiting if not sees(row[3])]
        for table in {table for table, writer in self._rewrites if sees(writer)}:
            self.tables[table].begin_anew()
        self._rewrites = [(table, writer) for table, writer in self._rewrites if not sees(writer)]

    def see_all(self) -> None:
        """See what no snapshot showed."""
        self.see(f"{_END}:{_END}:")


def _sight(snapshot: str) -> Callable[[int], bool]:
    """Tell which transactions a snapshot sees (PostgreSQL, `pg_visible_in_snapshot`)."""
    xmin, xmax, open_ones = snapshot.split(":")
    least, end = int(xmin), int(xmax)
    going_on = {int(number) for number in open_ones.split(",") if number}
    return lambda writer: writer < least or (writer < end and writer not in going_on)
