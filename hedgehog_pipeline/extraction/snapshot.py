"""The capture rule: which rows are new since an earlier snapshot.

Whether a row is new is decided by its `xmin`, the 32 bits of the transaction that wrote it.
Transactions are counted from the horizon of the earlier capture, modulo 2^32. The horizon is the
xmin of its snapshot: every transaction below it had ended. A row is new if its transaction is
nearer to the horizon than the xmax of the new snapshot. A frozen row keeps its old xmin, which is
why neither `age()` nor the epoch of the snapshot may be used. See docs/design.md, "Capture".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

WRAP = 2**32
"""The ids in rows repeat after so many transactions: PostgreSQL's `xid` has 32 bits."""


@dataclass(frozen=True)
class PgSnapshot:
    """A snapshot as `pg_current_snapshot()` writes it: `xmin:xmax:xip,...` with 64-bit ids.

    Attributes:
        text: the whole text; snapshots with equal texts see the same transactions.
    """

    text: str

    @property
    def xmin(self) -> int:
        """The horizon: every transaction below it has ended."""
        return int(self.text.split(":")[0])

    @property
    def xmax(self) -> int:
        """The first transaction id not yet assigned; none at or above it is visible."""
        return int(self.text.split(":")[1])

    @property
    def open(self) -> tuple[int, ...]:
        """The transactions that were still open, without their subtransactions."""
        return tuple(int(number) for number in self.text.split(":")[2].split(",") if number)

    @property
    def horizon(self) -> "PgSnapshot":
        """The snapshot that sees only the transactions below the horizon."""
        return PgSnapshot(f"{self.xmin}:{self.xmin}:")


@dataclass(frozen=True)
class XidWindow:
    """The transactions from a horizon up to a later snapshot."""

    horizon: int
    end: int

    @property
    def wraps(self) -> bool:
        """Whether it is too long to distinguish a new row from an old one."""
        return self.end < self.horizon or self.end - self.horizon >= WRAP

    @property
    def contains_row(self) -> sql.Composed:
        """SQL condition: the row was written within the window."""
        return sql.SQL("{distance} < {length}").format(
            distance=self._distance, length=sql.Literal(self.end - self.horizon)
        )

    @property
    def transaction(self) -> sql.Composed:
        """SQL expression: the 64-bit id of the row's transaction, if it is in the window."""
        return sql.SQL("({horizon} + {distance})").format(
            horizon=sql.Literal(self.horizon), distance=self._distance
        )

    def new_rows(self, seen: Sequence[tuple[int, int]]) -> sql.Composed:
        """SQL condition: the row is in the window and its transaction was not seen before."""
        unseen = not_in(seen, self.transaction)
        return sql.SQL("({inside} and {unseen})").format(inside=self.contains_row, unseen=unseen)

    @property
    def _distance(self) -> sql.Composed:
        return sql.SQL("((xmin::text::bigint - {horizon}) & {mask})").format(
            horizon=sql.Literal(self.horizon), mask=sql.Literal(WRAP - 1)
        )


def not_in(seen: Sequence[tuple[int, int]], transaction: sql.Composable) -> sql.Composed:
    """SQL condition: a transaction is in none of the ranges.

    Args:
        seen: sorted ranges. One long transaction in a busy source makes thousands, so each id
            looks up its range (`width_bucket` bisects).
        transaction: SQL expression of the 64-bit id.
    """
    if not seen:
        return sql.Composed([sql.SQL("true")])
    firsts, lasts = (list(edges) for edges in zip(*seen, strict=True))
    return sql.SQL(
        "coalesce({transaction} > "
        "({lasts}::bigint[])[width_bucket({transaction}, {firsts}::bigint[])], true)"
    ).format(transaction=transaction, firsts=sql.Literal(firsts), lasts=sql.Literal(lasts))
