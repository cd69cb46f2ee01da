"""The expected contents of lake and warehouse, from the history that triggers record in the shop.

Nothing here uses the platform's code: PostgreSQL itself says which versions a snapshot shows
(support/history.py), and the consequences are written by hand.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg

from hedgehog_pipeline_tests.proofs.torture.machine.trade import CODES, Key
from hedgehog_pipeline_tests.support.demo_model import SOURCE

Row = Mapping[str, Any]
"""A row of the shop as PostgreSQL writes it in JSON."""

Rows = set[tuple[Any, ...]]

_NEWEST = """
    select version, at_table, key, stored from (
        select distinct on (at_table, key) * from history
        where pg_visible_in_snapshot(writer, %s::pg_snapshot)
        order by at_table, key, version desc
    ) as newest where not gone
"""
_REDEFINED = """
    update history set stored = {new} where version in (
        select distinct on (key) version from history where at_table = {table}
        order by key, version desc)
"""
_BY_NUMBER = "select version, at_table, key, stored from history where version = any(%s)"
_NOT_KNOWN = "Not known"


@dataclass(frozen=True)
class Version:
    """A version of a row.

    Attributes:
        key: the row.
        row: its values.
    """

    key: Key
    row: Row

    @property
    def is_good(self) -> bool:
        """Whether the star accepts it."""
        return self.row["created_at"] != "infinity"

    def time_of(self, column: str) -> datetime:
        return datetime.fromisoformat(self.row[column])

    @property
    def stamps(self) -> tuple[Any, ...]:
        """Date and time of the row and of this version, as in a fact."""
        made, changed = self.time_of("created_at"), self.time_of("last_updated")
        return made.date(), made.time(), changed.date(), changed.time()


@dataclass(frozen=True)
class Landed:
    """The contents of an ingestion commit.

    Attributes:
        versions: the landed versions.
        deleted: rows that were found deleted.
        file: the inbox file of the versions; empty for a capture.
    """

    versions: Sequence[Version] = ()
    deleted: Collection[Key] = ()
    file: str = ""


@dataclass(frozen=True)
class Capture:
    """The expected result of a capture.

    Attributes:
        commit: its number; None if it is empty and was discarded.
        snapshot: the text of its PostgreSQL snapshot.
        found: its versions, by table.
        begun: the tables whose initial load starts with it.
        slices: the tables of which it has a slice of the initial load.
        increments: the tables of which it has an increment.
    """

    commit: int | None
    snapshot: str
    found: Mapping[str, Counter[int]]
    begun: Collection[str]
    slices: Collection[str]
    increments: Collection[str]


@dataclass(frozen=True)
class Standing:
    """The state of a row after some commits.

    Attributes:
        version: the last one that the star accepts, if any.
        commit: the last commit with such a version, or with the deletion of the row.
        deleted: whether it was deleted since.
        rejected: commit and file of later versions that the star rejects.
    """

    version: Version | None = None
    commit: int = 0
    deleted: bool = False
    rejected: frozenset[tuple[int, str]] = frozenset()


@dataclass
class Oracle:
    """Computes the expected contents from the history of the shop and from what landed.

    Attributes:
        shop: a connection that may read everything, in autocommit mode.
        landed: the contents of each ingestion commit.
        shown: by table, the numbers of the versions that captures saw; none in the initial load.
        archive: by table, the versions that the initial load has landed until now.
        another: the tables that were redefined since the last capture, so a full refresh starts.
        perhaps: those for which it may start, because they got rows that may be older.
        known: the keys of the last sweep, and those captured since.
    """

    shop: psycopg.Connection[Any]
    landed: dict[int, Landed] = field(default_factory=dict[int, Landed])
    shown: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    archive: dict[str, Counter[int]] = field(default_factory=dict[str, Counter[int]])
    another: set[str] = field(default_factory=set[str])
    perhaps: set[str] = field(default_factory=set[str])
    known: set[Key] = field(default_factory=set[Key])

    def visible(self, snapshot: str) -> dict[int, Version]:
        """Return the newest versions that a snapshot shows, by their numbers."""
        return _versions(self.shop.execute(_NEWEST, [snapshot]))

    def captured(self, capture: Capture) -> None:
        """Check that a capture has exactly the expected versions of each table, each once."""
        begun = set(capture.begun)
        assert self.another <= begun, f"not read again: {self.another - begun}"
        needless = begun - self.another - self.perhaps
        assert not needless or begun == set(SOURCE), f"needlessly read again: {needless}"
        now = self.visible(capture.snapshot)
        for table in capture.begun:
            self.shown.pop(table, None)
            self.archive[table] = Counter()
        self.another -= begun
        self.perhaps.clear()
        for table, found in capture.found.items():
            assert table in {*capture.slices, *capture.increments} or not found
        for table in capture.slices:
            self.archive[table] += capture.found[table]
        for table in capture.increments:
            shown_now = {number for number, version in now.items() if version.key[0] == table}
            self._follow(table, shown_now, capture.found[table])
        if capture.commit is not None:
            numbers = list(sum(capture.found.values(), Counter[int]()))
            self._note(capture.commit, _versions(self.shop.execute(_BY_NUMBER, [numbers])).values())

    def _follow(self, table: str, shown_now: set[int], found: Counter[int]) -> None:
        """Check that an increment, or none, has exactly the versions that became visible."""
        if table in self.shown:
            new = shown_now - self.shown[table]
            assert found == Counter(new), f"landed {found} instead of {new} of {table}"
        else:
            archive = self.archive.pop(table) + found
            assert set(archive.values()) <= {1}, f"initial load of {table}: a version twice"
            assert shown_now <= set(archive), f"initial load of {table}: a version is lost"
        self.shown[table] = self.shown.get(table, set()) | shown_now | set(found)

    def redefine(self, table: str, new: str) -> None:
        """Record that a SELECT returns other values, although no row was written.

        Args:
            table: the table of the shop.
            new: the new values, as an SQL expression of `stored`.
        """
        self.shop.execute(_REDEFINED.format(new=new, table=f"'{table}'").encode())

    def swept(self, commit: int | None, found: Collection[Key], snapshot: str) -> None:
        """Check that a sweep finds exactly the deleted rows."""
        shown_now = {version.key for version in self.visible(snapshot).values()}
        deleted = self.known - shown_now
        assert set(found) == deleted, f"swept {found} instead of {deleted}"
        if commit is not None:
            self.landed[commit] = Landed(deleted=deleted)
            self.known = shown_now

    def file_landed(self, commit: int, file: str, versions: Sequence[Version]) -> None:
        """Record that an inbox file was landed."""
        self.landed[commit] = Landed(versions, file=file)

    def standing(self) -> dict[Key, Standing]:
        """Return the state of each row after all commits."""
        return {key: after for _, key, after in self._steps()}

    def facts(self, table: str, commits: Collection[int]) -> tuple[Rows, Rows]:
        """Return the versions of a fact in some commits, each once, and the current ones."""
        versions: dict[tuple[Key, datetime], tuple[int, Version]] = {}
        current: dict[Key, tuple[int, Version]] = {}
        for number in sorted(commits):
            landed = self.landed[number]
            for version in landed.versions:
                if version.key[0] == table and version.is_good:
                    versions[version.key, version.time_of("last_updated")] = number, version
                    current[version.key] = number, version
            for key in landed.deleted:
                current.pop(key, None)
        values = _VALUES[table]
        return tuple(  # type: ignore[return-value]
            {(*values(version), number) for number, version in each.values()}
            for each in (versions, current)
        )

    def days(self, commits: Iterable[int]) -> set[date]:
        """Return the days that the facts of some commits refer to."""
        return {
            day
            for number in commits
            for version in self.landed[number].versions
            if version.key[0] in {"sales_order", "payment"} and version.is_good
            for day in _days(version)
        }

    def members(self, table: str, commits: Collection[int]) -> Rows:
        """Return the rows of a dimension of one source table, from some commits."""
        members = {
            key: after
            for number, key, after in self._steps()
            if key[0] == table and number in commits and number == after.commit
        }
        values = _VALUES[table]
        return {
            (*values(member.version), member.deleted, member.commit)
            for member in members.values()
            if member.version
        }

    def staff(self) -> Rows:
        """Return the members of staff with their departments."""
        standing = self.standing()
        return {
            _member_of_staff(key[1], member, standing)
            for key, member in standing.items()
            if key[0] == "staff" and member.version
        }

    def rejected(self) -> Rows:
        """Return the expected open quarantine entries: table, key and commit."""
        return {
            (table, str(key), commit)
            for (table, key), row in self.standing().items()
            for commit, _ in row.rejected
        }

    def mentioned(self, column: str) -> set[int]:
        """Return all keys that versions of facts refer to in a column."""
        return {
            version.row[column]
            for landed in self.landed.values()
            for version in landed.versions
            if column in version.row and version.key[0] in {"sales_order", "payment"}
        }

    def _note(self, commit: int, versions: Iterable[Version]) -> None:
        self.landed[commit] = Landed(list(versions))
        self.known |= {version.key for version in self.landed[commit].versions}

    def _steps(self) -> Iterator[tuple[int, Key, Standing]]:
        """Walk the commits; yield each with a row that it changes and the new state of the row."""
        standing: dict[Key, Standing] = {}
        for number, landed in sorted(self.landed.items()):
            changed: dict[Key, Standing] = {}
            for key, row in standing.items():
                if (
                    landed.file
                    and (left := {t for t in row.rejected if t[1] != landed.file}) != row.rejected
                ):
                    changed[key] = Standing(row.version, row.commit, row.deleted, frozenset(left))
            for version in landed.versions:
                before = changed.get(version.key) or standing.get(version.key, Standing())
                if version.is_good:
                    changed[version.key] = Standing(version, number)
                else:
                    rejected = before.rejected | {(number, landed.file)}
                    changed[version.key] = Standing(
                        before.version, before.commit, before.deleted, rejected
                    )
            for key in landed.deleted:
                before = standing.get(key, Standing())
                changed[key] = Standing(before.version, number, deleted=True)
            standing |= changed
            for key, after in changed.items():
                yield number, key, after


def _versions(found: Iterable[tuple[Any, ...]]) -> dict[int, Version]:
    return {number: Version((table, key), row) for number, table, key, row in found}


def _days(version: Version) -> Iterator[date]:
    yield version.time_of("created_at").date()
    yield version.time_of("last_updated").date()
    for column in ("agreed_delivery_date", "agreed_payment_date", "payment_date"):
        if column in version.row:
            yield date.fromisoformat(version.row[column])


def _member_of_staff(
    key: int, member: Standing, standing: Mapping[Key, Standing]
) -> tuple[Any, ...]:
    assert member.version
    row = member.version.row
    department = standing.get(("department", row["department_id"]), Standing())
    exists = department.version and not department.deleted
    name = (
        department.version.row["department_name"] if department.version and exists else _NOT_KNOWN
    )
    commit = max(member.commit, department.commit if department.version else 0)
    return key, row["first_name"], name, member.deleted, commit


_VALUES = {
    "sales_order": lambda v: (v.key[1], *v.stamps, v.row["staff_id"], v.row["units_sold"]),
    "payment": lambda v: (v.key[1], *v.stamps, v.row["currency_id"], v.row["payment_amount"]),
    "currency": lambda v: (v.key[1], v.row["currency_code"], CODES[v.row["currency_code"]]),
    "transaction": lambda v: (v.key[1], v.row["transaction_type"], v.row["sales_order_id"]),
}
"""The compared values of a shop row, in the order of the star columns."""

STAR_VALUES = {
    "sales_order": (
        "fact_sales_order",
        (
            "sales_order_id, created_date, created_time, last_updated_date, last_updated_time, "
            "sales_staff_id, units_sold"
        ),
    ),
    "payment": (
        "fact_payment",
        (
            "payment_id, created_date, created_time, last_updated_date, last_updated_time, "
            "currency_id, payment_amount"
        ),
    ),
    "currency": ("dim_currency", "currency_id, currency_code, currency_name"),
    "transaction": ("dim_transaction", "transaction_id, transaction_type, sales_order_id"),
    "staff": ("dim_staff", "staff_id, first_name, department_name"),
}
"""The same values in the star: table and columns."""
