"""The capture rule: which rows are new since an earlier snapshot.

A row is told by its `xmin`, the 32 bits of the transaction that wrote it. Counted from the
horizon of the earlier capture (the xmin of its snapshot: every transaction below it was over),
the rows of later transactions are those whose distance, modulo 2^32, is below the distance of
the new snapshot's xmax. A frozen row keeps its old xmin, which is why neither `age()` nor the
snapshot's epoch may be used. See docs/design.md, "Capture".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

WRAP = 2**32
"""Transaction ids of rows repeat after so many; PostgreSQL's `xid` has 32 bits."""


@dataclass(frozen=True)
class PgSnapshot:
    """A snapshot as `pg_current_snapshot()` writes it: `xmin:xmax:xip,...` with 64-bit ids.

    Attributes:
        text: the whole text; two equal texts see the same transactions.
    """

    text: str

    @property
    def xmin(self) -> int:
        """Every transaction below it is over."""
        return int(self.text.split(":")[0])

    @property
    def xmax(self) -> int:
        """The first transaction id not yet given out; none at or above it is visible."""
        return int(self.text.split(":")[1])

    @property
    def open(self) -> tuple[int, ...]:
        """The transactions that were going on; their subtransactions are not told."""
        return tuple(int(number) for number in self.text.split(":")[2].split(",") if number)

    @property
    def horizon(self) -> "PgSnapshot":
        """The snapshot that sees what was over by now and nothing of what was still open."""
        return PgSnapshot(f"{self.xmin}:{self.xmin}:")


@dataclass(frozen=True)
class XidWindow:
    """The transactions from a horizon up to a later snapshot."""

    horizon: int
    end: int

    @property
    def wraps(self) -> bool:
        """Whether it is too long to tell a new row from an old one."""
        return self.end < self.horizon or self.end - self.horizon >= WRAP

    @property
    def holds_row(self) -> sql.Composed:
        """SQL condition: the row was written within the window."""
        return sql.SQL("{distance} < {length}").format(
            distance=self._distance, length=sql.Literal(self.end - self.horizon)
        )

    @property
    def transaction(self) -> sql.Composed:
        """SQL expression: the 64-bit id of the row's transaction, where the window holds it."""
        return sql.SQL("({horizon} + {distance})").format(
            horizon=sql.Literal(self.horizon), distance=self._distance
        )

    def new_rows(self, seen: Sequence[tuple[int, int]]) -> sql.Composed:
        """SQL condition: the row is in the window and its transaction was not met before."""
        unseen = not_in(seen, self.transaction)
        return sql.SQL("({held} and {unseen})").format(held=self.holds_row, unseen=unseen)

    @property
    def _distance(self) -> sql.Composed:
        return sql.SQL("((xmin::text::bigint - {horizon}) & {mask})").format(
            horizon=sql.Literal(self.horizon), mask=sql.Literal(WRAP - 1)
        )


def not_in(seen: Sequence[tuple[int, int]], transaction: sql.Composable) -> sql.Composed:
    """SQL condition: a transaction is in none of some ranges.

    Args:
        seen: sorted ranges; one long transaction beside a busy shop makes thousands, which is why
            each id looks its range up (`width_bucket` bisects).
        transaction: SQL expression of the 64-bit id.
    """
    if not seen:
        return sql.Composed([sql.SQL("true")])
    firsts, lasts = (list(edges) for edges in zip(*seen, strict=True))
    return sql.SQL(
        "coalesce({transaction} > "
        "({lasts}::bigint[])[width_bucket({transaction}, {firsts}::bigint[])], true)"
    ).format(transaction=transaction, firsts=sql.Literal(firsts), lasts=sql.Literal(lasts))
