"""What each capture of a shop had to land, derived only from triggers in the shop.

The triggers (history.py) record every version of a row with the top-level transaction that wrote
it. The text of a snapshot says which of these transactions a capture saw.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.history import versions_in
from hedgehog_pipeline_tests.support.world import World

_END = 2**62
"""Above every transaction."""

_HISTORY = """
    select version, at_table, key, writer::text::bigint, gone from history order by writer
"""


@dataclass
class Verdict:
    """What all captures landed, compared with what each had to land.

    Attributes:
        captures: the number of captures.
        written: the number of committed versions, deletions included.
        transactions: the number of transactions that wrote them.
        landed: the number of landed versions.
        lost: versions that a capture had to land and did not land.
        doubled: versions that a capture landed and should not have landed.
    """

    captures: int = 0
    written: int = 0
    transactions: int = 0
    landed: int = 0
    lost: Counter[int] = field(default_factory=Counter[int])
    doubled: Counter[int] = field(default_factory=Counter[int])

    def __str__(self) -> str:
        """Return it as one line."""
        return (
            f"{self.written:,} versions of {self.transactions:,} transactions, "
            f"{self.captures:,} captures, {self.landed:,} landed, "
            f"{self.lost.total()} lost, {self.doubled.total()} doubled"
        )


@dataclass
class _Table:
    """What captures have to land of a table.

    Attributes:
        newest: by key, the newest version of the row and whether it is the deletion.
        due: the keys of the rows that changed since the last increment.
        initial_load: the versions that the initial load has landed so far; None after it.
    """

    newest: dict[int, tuple[int, bool]] = field(default_factory=dict[int, tuple[int, bool]])
    due: set[int] = field(default_factory=set[int])
    initial_load: Counter[int] | None = None

    def see(self, version: int, key: int, *, deleted: bool) -> None:
        """Record a version that a capture sees."""
        if version > self.newest.get(key, (0, False))[0]:
            self.newest[key] = version, deleted
            self.due.add(key)

    def begin_initial_load(self) -> None:
        """Record that the initial load begins."""
        self.initial_load = Counter()
        self.begin_again()

    def begin_again(self) -> None:
        """Record that all rows have to land, whatever landed before."""
        self.due = set(self.newest)
        if self.initial_load is not None:
            self.initial_load = Counter()

    def read_again(self, key: int) -> None:
        """Record that the row of a key has to land again."""
        self.due.add(key)
        if self.initial_load is not None:
            self.initial_load.pop(self.newest[key][0], None)

    def add_slice(self, found: Counter[int]) -> None:
        """Record what a slice of the initial load landed."""
        assert self.initial_load is not None
        self.initial_load += found

    def judge_increment(self, found: Counter[int], verdict: Verdict) -> None:
        """Compare what an increment and the initial load before it landed with what had to land."""
        expected = self.expected()
        if self.initial_load is not None:
            verdict.doubled += Counter({v: n - 1 for v, n in self.initial_load.items() if n > 1})
            expected, self.initial_load = expected - self.initial_load, None
        verdict.lost += expected - found
        verdict.doubled += found - expected

    def expected(self) -> Counter[int]:
        """Return the versions that have to land by now, and start to collect the next ones."""
        rows = [self.newest[key] for key in self.due]
        self.due = set()
        return Counter(version for version, deleted in rows if not deleted)


def judge(world: World) -> Verdict:
    """Compare the ingestion log with what the triggers recorded."""
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
        table.judge_increment(Counter(), verdict)  # the last one, which was discarded
    return verdict


def _judge_capture(
    history: "_History",
    commit: dict[str, Any],
    before: dict[str, Any],
    found: dict[str, Counter[int]],
    verdict: Verdict,
) -> None:
    """Compare a commit with what it had to land.

    Args:
        history: what the triggers recorded.
        commit: its JSON in the bucket.
        before: the watermarks of the capture before.
        found: the versions in its parts, by table.
        verdict: receives the differences.
    """
    watermarks, number = commit["base"], commit["number"]
    begun = set(SOURCE if commit["reread"] or not before else commit["reread_tables"])
    captured = {name for name in watermarks if watermarks[name]["commit"] == number}
    slices = {name for name in captured if name in begun or before[name]["archive"]}
    if snapshots := {watermarks[name]["snapshot"] for name in captured - slices}:
        (snapshot,) = snapshots
        history.see(snapshot)
    for name in begun:
        history.tables[name].begin_initial_load()
    for name, table in history.tables.items():
        if name in slices:
            table.add_slice(found[name])
        elif name in captured:
            table.judge_increment(found[name], verdict)
        else:
            verdict.doubled += found[name]


class _History:
    """What the triggers recorded, as far as a capture sees it.

    Attributes:
        rows: all records, in the order of the transactions.
        tables: what captures have to land.
    """

    def __init__(self, world: World) -> None:
        self.rows: list[tuple[Any, ...]] = world.shop.execute(_HISTORY).fetchall()
        self.tables = {name: _Table() for name in SOURCE}
        self._to_come = deque(self.rows)
        self._waiting: list[tuple[Any, ...]] = []
        self._rewrites: list[tuple[Any, ...]] = world.shop.execute(
            "select at_table, key, writer::text::bigint from rewritten"
        ).fetchall()

    def see(self, snapshot: str) -> None:
        """Record what a snapshot sees."""
        sees, end = _sight(snapshot), int(snapshot.split(":")[1])
        while self._to_come and self._to_come[0][3] < end:
            self._waiting.append(self._to_come.popleft())
        for version, table, key, writer, deleted in self._waiting:
            if sees(writer):
                self.tables[table].see(version, key, deleted=deleted)
        self._waiting = [row for row in self._waiting if not sees(row[3])]
        for table, key in {(table, key) for table, key, writer in self._rewrites if sees(writer)}:
            if key is None:
                self.tables[table].begin_again()
            else:
                self.tables[table].read_again(key)
        self._rewrites = [row for row in self._rewrites if not sees(row[2])]

    def see_all(self) -> None:
        """Record what no snapshot saw."""
        self.see(f"{_END}:{_END}:")


def _sight(snapshot: str) -> Callable[[int], bool]:
    """Return a function: whether a snapshot sees a transaction (`pg_visible_in_snapshot`)."""
    xmin, xmax, open_ones = snapshot.split(":")
    least, end = int(xmin), int(xmax)
    in_progress = {int(number) for number in open_ones.split(",") if number}
    return lambda writer: writer < least or (writer < end and writer not in in_progress)
