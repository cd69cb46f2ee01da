"""The result of reconciling a table, as people and programs read it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.postgres.key_ranges import KeyRanges, count
from hedgehog_pipeline.reconciliation.checksums import Comparison


def reconciled_tables(star: Mapping[str, StarTable]) -> dict[str, StarTable]:
    """Return the tables with one row for each source row; a date dimension has none there."""
    return {name: table for name, table in star.items() if table.subject}


WAREHOUSE, LAKE, UNREAD, UNSOUGHT = (
    "the warehouse is wrong",
    "the lake is missing rows of the source",
    "the lake cannot be read",
    "the lake was not searched to its end",
)
"""Which side is wrong in an unexplained difference, or why that is unknown."""

_ADVICE = {
    WAREHOUSE: "Where the warehouse is wrong, materialize `star/<table>` for the days that are "
    "named, then `warehouse/<table>`, and reconcile again: the rows that landed on these days "
    "replace those in the warehouse. Delete rows by hand that came from no commit.",
    LAKE: "Where the lake is missing rows of the source, `hedgehog run --reread --sweep` reads the "
    "source in full again.",
    UNREAD: "Where the lake cannot be read, fix what the message names, and reconcile again.",
    UNSOUGHT: "Where the lake was not searched to its end, which would take minutes, `hedgehog run "
    "--reread --sweep` reads the source in full again.",
}

MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Difference:
    """Keys that differ in one way, for one reason.

    Attributes:
        what: how they differ.
        why: what explains it; None where nothing does, which is a fault.
        examples: for a fault, some of the values: the key, the column, and both values.
        wrong: for a fault, which sides are wrong, judged by the first keys in the lake.
        landed: where the warehouse is wrong, the commits that landed these keys, and their days.
    """

    what: str
    why: str | None
    keys: KeyRanges
    examples: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    landed: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write one line for the difference, and one for each example."""
        why = "".join(f", {text}" for text in (self.why, *self.wrong, *self.landed) if text)
        ranges = [str(a) if a == b else f"{a}-{b}" for a, b in self.keys[:MAX_EXAMPLES]]
        ranges += ["..."] * (len(self.keys) > MAX_EXAMPLES)
        line = f"{count(self.keys):,} {self.what}{why}: {', '.join(ranges)}"
        return "\n      ".join([line, *self.examples])


@dataclass(frozen=True)
class Reconciled:
    """The result for a table of the star.

    Attributes:
        comparison: the two sides; None until the initial load is complete.
        differences: the differences, faults first.
    """

    table: str
    comparison: Comparison | None
    differences: tuple[Difference, ...] = ()

    @property
    def faults(self) -> int:
        """How many keys differ unexplained."""
        return sum(count(found.keys) for found in self.differences if found.why is None)

    @property
    def in_flight(self) -> dict[str, int]:
        """How many keys differ, by the reason that explains it."""
        found = Counter[str]()
        for difference in self.differences:
            if difference.why:
                found[difference.why] += count(difference.keys)
        return found

    @property
    def verdict(self) -> str:
        """The result in a few words."""
        if self.comparison is None:
            return "not compared: the initial load is not complete"
        faults = [f"{self.faults:,} unexplained"] if self.faults else []
        explained = [f"{keys:,} {why}" for why, keys in self.in_flight.items()]
        return "; ".join(faults + explained) or "ok"

    def __str__(self) -> str:
        """Write one line for the table, and one for each difference."""
        if self.comparison is None:
            return f"{self.table:<20}  {self.verdict}"
        source, warehouse = self.comparison.source, self.comparison.warehouse
        rows = "=" if source.rows == warehouse.rows else "≠"
        sums = "=" if source.checksum == warehouse.checksum else "≠"
        line = (
            f"{self.table:<20}{source.rows:>12,} {rows} {warehouse.rows:<12,}"
            f"{source.hex} {sums} {warehouse.hex}  {self.verdict}"
        )
        return "\n    ".join([line, *map(str, self.differences)])

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the table."""
        totals = self.comparison.totals if self.comparison else {}
        return {
            "verdict": self.verdict,
            **{name: {"rows": side.rows, "checksum": side.hex} for name, side in totals.items()},
            "differences": [asdict(difference) for difference in self.differences],
        }


def advice_on(tables: Iterable[Reconciled]) -> str:
    """Return what to do about the faults of tables."""
    wrong = {side for table in tables for found in table.differences for side in found.wrong}
    return " ".join(advice for side, advice in _ADVICE.items() if side in wrong)
