"""What each capture of a shop had to land, told by triggers in the shop and by nothing of ours.

The triggers (history.py) write down every version of a row with the top-level transaction that
wrote it; a snapshot's text says which of these a capture saw.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from hedgehog_pipeline_tests.extraction.history import versions_in
from hedgehog_pipeline_tests.world import World

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


def judge(world: World) -> Verdict:
    """Hold the ingestion log against what was written down."""
    to_come = deque(world.shop.execute(_HISTORY).fetchall())
    rewrites: list[tuple[str, int]] = world.shop.execute(
        "select at_table, writer::text::bigint from rewritten"
    ).fetchall()
    verdict = Verdict(written=len(to_come), transactions=len({row[3] for row in to_come}))
    waiting: list[tuple[Any, ...]] = []
    newest: dict[tuple[str, int], tuple[int, bool]] = {}
    of_archive: Counter[int] | None = Counter()
    for commit in world.commits(world.settings.ingestion_bucket):
        if commit["kind"] not in {"archive", "increment"}:
            continue
        found = versions_in(world, commit["parts"])
        verdict.captures += 1
        verdict.landed += found.total()
        if commit["kind"] == "archive":
            assert of_archive is not None
            of_archive += found
            continue
        snapshot = commit["base"]["sales_order"]["snapshot"]
        sees, end = _sight(snapshot), int(snapshot.split(":")[1])
        while to_come and to_come[0][3] < end:
            waiting.append(to_come.popleft())
        tables = {table for table, writer in rewrites if sees(writer)}
        expected = _due(newest, (row for row in waiting if sees(row[3])), tables)
        waiting = [row for row in waiting if not sees(row[3])]
        rewrites = [(table, writer) for table, writer in rewrites if not sees(writer)]
        if of_archive is not None:
            verdict.doubled += Counter({v: n - 1 for v, n in of_archive.items() if n > 1})
            expected, of_archive = expected - of_archive, None
        verdict.lost += expected - found
        verdict.doubled += found - expected
    verdict.lost += _due(newest, [*waiting, *to_come], {table for table, _ in rewrites})
    return verdict


def _due(
    newest: dict[tuple[str, int], tuple[int, bool]],
    seen: Iterable[tuple[Any, ...]],
    tables: Collection[str],
) -> Counter[int]:
    """Let what is seen now be the newest of its row; give what has to land for it.

    That is the newest version of each row that changed, and of all rows of tables written anew.
    """
    changed: set[tuple[str, int]] = set()
    for version, table, key, _, gone in seen:
        row = table, key
        if version > newest.get(row, (0, False))[0]:
            newest[row] = version, gone
            changed.add(row)
    changed |= {row for row in newest if row[0] in tables}
    return Counter(newest[row][0] for row in changed if not newest[row][1])


def _sight(snapshot: str) -> Callable[[int], bool]:
    """Tell which transactions a snapshot sees (PostgreSQL, `pg_visible_in_snapshot`)."""
    xmin, xmax, open_ones = snapshot.split(":")
    least, end = int(xmin), int(xmax)
    going_on = {int(number) for number in open_ones.split(",") if number}
    return lambda writer: writer < least or (writer < end and writer not in going_on)
