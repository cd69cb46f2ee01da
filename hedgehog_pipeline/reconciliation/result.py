"""What a reconciliation found of a table, as people and programs read it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from hedgehog_pipeline.model.registry import TableRegistry
from hedgehog_pipeline.model.star import STAR
from hedgehog_pipeline.postgres.key_ranges import KeyRanges, count
from hedgehog_pipeline.reconciliation.checksums import Comparison

RECONCILED = TableRegistry(lambda: [table for table in STAR.values() if table.subject])
"""The tables whose rows describe rows of the shop one for one; a dimension of days does not."""

WAREHOUSE, LAKE, UNREAD, UNSOUGHT = (
    "the warehouse is wrong",
    "the lake lacks what the shop holds",
    "the lake cannot be read",
    "the lake was not searched to its end",
)
"""The side that is wrong where nothing explains that shop and warehouse differ."""

_ADVICE = {
    WAREHOUSE: "Where the warehouse is wrong, materialize `star/<table>` for the days that are "
    "named, then `warehouse/<table>`, and reconcile again: the rows that landed on them replace "
    "those in the warehouse. Delete by hand what no commit brought.",
    LAKE: "Where the lake lacks what the shop holds, `hedgehog run --reread --sweep` reads the "
    "whole shop again.",
    UNREAD: "Where the lake cannot be read, mend what its sentence names, and reconcile again.",
    UNSOUGHT: "Where the lake was not searched to its end, which would take minutes, `hedgehog run "
    "--reread --sweep` reads the whole shop again.",
}

MAX_EXAMPLES = 5

_NOT_COMPARED = "the archive is on its way: nothing is compared"


@dataclass(frozen=True)
class Difference:
    """Keys that differ in one way, for one reason.

    Attributes:
        what: how they differ.
        why: what explains it; None for a fault.
        keys: the keys.
        examples: of values that are a fault, some: the key, the column, and both values.
        wrong: of a fault, the sides that are wrong, as the lake tells of the first keys.
        landed: where the warehouse is wrong, the commits that brought these keys, and their days.
    """

    what: str
    why: str | None
    keys: KeyRanges
    examples: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    landed: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write a line, and one for each example."""
        why = "".join(f", {said}" for said in (self.why, *self.wrong, *self.landed) if said)
        return "\n      ".join(
            [f"{count(self.keys):,} {self.what}{why}: {self._ranges}", *self.examples]
        )

    @property
    def _ranges(self) -> str:
        some = [str(a) if a == b else f"{a}-{b}" for a, b in self.keys[:MAX_EXAMPLES]]
        return ", ".join(some + ["..."] * (len(self.keys) > MAX_EXAMPLES))


@dataclass(frozen=True)
class Reconciled:
    """A table of the star as the shop and the warehouse have it.

    Attributes:
        table: its name.
        comparison: the two sides; None while the archive is on its way.
        differences: how they differ, the faults first.
    """

    table: str
    comparison: Comparison | None
    differences: tuple[Difference, ...] = ()

    @property
    def faults(self) -> int:
        """How many keys differ and nothing explains it."""
        return sum(count(found.keys) for found in self.differences if found.why is None)

    @property
    def in_flight(self) -> dict[str, int]:
        """How many keys differ, by what explains it."""
        found: dict[str, int] = {}
        for difference in self.differences:
            if difference.why:
                found[difference.why] = found.get(difference.why, 0) + count(difference.keys)
        return found

    @property
    def verdict(self) -> str:
        """How it stands, in few words."""
        if self.comparison is None:
            return _NOT_COMPARED
        faults = [f"{self.faults:,} unexplained"] if self.faults else []
        explained = [f"{keys:,} {why}" for why, keys in self.in_flight.items()]
        return "; ".join(faults + explained) or "ok"

    def __str__(self) -> str:
        """Write a line, and one for each difference."""
        if self.comparison is None:
            return f"{self.table:<20}  {self.verdict}"
        shop, warehouse = self.comparison.shop, self.comparison.warehouse
        rows = "=" if shop.rows == warehouse.rows else "≠"
        sums = "=" if shop.checksum == warehouse.checksum else "≠"
        line = (
            f"{self.table:<20}{shop.rows:>12,} {rows} {warehouse.rows:<12,}"
            f"{shop.hex} {sums} {warehouse.hex}  {self.verdict}"
        )
        return "\n    ".join([line, *map(str, self.differences)])

    def as_json(self) -> dict[str, Any]:
        """Give the object that programs read."""
        totals = self.comparison.totals if self.comparison else {}
        return {
            "verdict": self.verdict,
            **{name: {"rows": side.rows, "checksum": side.hex} for name, side in totals.items()},
            "differences": [asdict(difference) for difference in self.differences],
        }


def advice_on(tables: Iterable[Reconciled]) -> str:
    """Say what to do about the faults of tables."""
    wrong = {side for table in tables for found in table.differences for side in found.wrong}
    return " ".join(advice for side, advice in _ADVICE.items() if side in wrong)
