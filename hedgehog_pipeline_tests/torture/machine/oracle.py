"""What has to be landed, and what the warehouse has to hold, by what the shop's triggers noted.

Nothing here comes from the platform: which versions a snapshot shows is PostgreSQL's word
(extraction/history.py), and what follows from what was landed is written down by hand.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg

from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline_tests.torture.machine.trade import CODES, Key

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
_RESHAPED = """
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
        """Whether the star takes it."""
        return self.row["created_at"] != "infinity"

    def moment(self, column: str) -> datetime:
        return datetime.fromisoformat(self.row[column])

    @property
    def stamps(self) -> tuple[Any, ...]:
        """Day and time of the row and of this version, as a fact has them."""
        made, changed = self.moment("created_at"), self.moment("last_updated")
        return made.date(), made.time(), changed.date(), changed.time()


@dataclass(frozen=True)
class Landed:
    """What an ingestion commit holds.

    Attributes:
        versions: of rows.
        gone: rows that were seen no more.
        file: the file that brought the versions; empty where the shop did.
    """

    versions: Sequence[Version] = ()
    gone: Collection[Key] = ()
    file: str = ""


@dataclass(frozen=True)
class Capture:
    """What a capture of the shop brings.

    Attributes:
        commit: its number; None where it brings nothing and was let go.
        snapshot: what it sees, as PostgreSQL writes it.
        found: the versions that it brings, by table.
        begun: the tables whose archive begins with it.
        slices: the tables of which it takes a slice of the archive.
        increments: the tables of which it takes what is new.
    """

    commit: int | None
    snapshot: str
    found: Mapping[str, Counter[int]]
    begun: Collection[str]
    slices: Collection[str]
    increments: Collection[str]


@dataclass(frozen=True)
class Standing:
    """A row as commits left it.

    Attributes:
        version: the last one that the star takes, if any.
        commit: the last commit that brought such a version, or saw the row gone since.
        gone: whether it was gone since.
        told: commit and file of versions since that the star does not take.
    """

    version: Version | None = None
    commit: int = 0
    gone: bool = False
    told: frozenset[tuple[int, str]] = frozenset()


@dataclass
class Oracle:
    """Watches what the shop shows and what lands.

    Attributes:
        shop: a connection that may read everything, in autocommit mode.
        landed: what each ingestion commit holds.
        shown: by table, the numbers of the versions that captures saw; none in the archive.
        archive: by table, the versions that the archive has brought so far.
        another: the tables that are not those of the last capture, so that their archive begins.
        perhaps: those whose archive may begin, because they got rows that may be of before.
        known: the keys that were there at the last sweep, or captured since.
    """

    shop: psycopg.Connection[Any]
    landed: dict[int, Landed] = field(default_factory=dict[int, Landed])
    shown: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    archive: dict[str, Counter[int]] = field(default_factory=dict[str, Counter[int]])
    another: set[str] = field(default_factory=set[str])
    perhaps: set[str] = field(default_factory=set[str])
    known: set[Key] = field(default_factory=set[Key])

    def visible(self, snapshot: str) -> dict[int, Version]:
        """Give the newest versions that a snapshot shows, by their numbers."""
        return _versions(self.shop.execute(_NEWEST, [snapshot]))

    def captured(self, capture: Capture) -> None:
        """See that a capture brings of each table just what it has to, once."""
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
            held = {number for number, version in now.items() if version.key[0] == table}
            self._follow(table, held, capture.found[table])
        if capture.commit is not None:
            numbers = list(sum(capture.found.values(), Counter[int]()))
            self._note(capture.commit, _versions(self.shop.execute(_BY_NUMBER, [numbers])).values())

    def _follow(self, table: str, held: set[int], found: Counter[int]) -> None:
        """See that an increment, or none, holds just what became visible, once."""
        if table in self.shown:
            new = held - self.shown[table]
            assert found == Counter(new), f"landed {found} instead of {new} of {table}"
        else:
            archive = self.archive.pop(table) + found
            assert set(archive.values()) <= {1}, f"the archive of {table} landed something twice"
            assert held <= set(archive), f"the archive of {table} lost something"
        self.shown[table] = self.shown.get(table, set()) | held | set(found)

    def reshape(self, table: str, new: str) -> None:
        """Take note that rows read otherwise, though nobody wrote them.

        Args:
            table: of the shop.
            new: what the rows are now, as an SQL expression of `stored`.
        """
        self.shop.execute(_RESHAPED.format(new=new, table=f"'{table}'").encode())

    def swept(self, commit: int | None, found: Collection[Key], snapshot: str) -> None:
        """See that a sweep finds just what is gone."""
        held = {version.key for version in self.visible(snapshot).values()}
        gone = self.known - held
        assert set(found) == gone, f"swept {found} instead of {gone}"
        if commit is not None:
            self.landed[commit] = Landed(gone=gone)
            self.known = held

    def brought(self, commit: int, file: str, versions: Sequence[Version]) -> None:
        """Take note of a file that was taken."""
        self.landed[commit] = Landed(versions, file=file)

    def standing(self) -> dict[Key, Standing]:
        """Give how all commits together leave each row."""
        return {key: after for _, key, after in self._steps()}

    def facts(self, table: str, commits: Collection[int]) -> tuple[Rows, Rows]:
        """Give the versions of a fact that some commits bring, each once, and the current ones."""
        versions: dict[tuple[Key, datetime], tuple[int, Version]] = {}
        current: dict[Key, tuple[int, Version]] = {}
        for number in sorted(commits):
            landed = self.landed[number]
            for version in landed.versions:
                if version.key[0] == table and version.is_good:
                    versions[version.key, version.moment("last_updated")] = number, version
                    current[version.key] = number, version
            for key in landed.gone:
                current.pop(key, None)
        values = _VALUES[table]
        return tuple(  # type: ignore[return-value]
            {(*values(version), number) for number, version in each.values()}
            for each in (versions, current)
        )

    def days(self, commits: Iterable[int]) -> set[date]:
        """Give the days that the facts of some commits mention."""
        return {
            day
            for number in commits
            for version in self.landed[number].versions
            if version.key[0] in {"sales_order", "payment"} and version.is_good
            for day in _days(version)
        }

    def members(self, table: str, commits: Collection[int]) -> Rows:
        """Give the members of a dimension of one table that some commits bring."""
        members = {
            key: after
            for number, key, after in self._steps()
            if key[0] == table and number in commits and number == after.commit
        }
        values = _VALUES[table]
        return {
            (*values(member.version), member.gone, member.commit)
            for member in members.values()
            if member.version
        }

    def staff(self) -> Rows:
        """Give the members of staff with their departments."""
        standing = self.standing()
        return {
            _member_of_staff(key[1], member, standing)
            for key, member in standing.items()
            if key[0] == "staff" and member.version
        }

    def told(self) -> Rows:
        """Give what has to be open in quarantine: table, key and commit."""
        return {
            (table, str(key), commit)
            for (table, key), row in self.standing().items()
            for commit, _ in row.told
        }

    def mentioned(self, column: str) -> set[int]:
        """Give the keys that versions of facts ever mentioned in a column."""
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
        """Walk the commits; give each, a row that it changes, and how it leaves it."""
        standing: dict[Key, Standing] = {}
        for number, landed in sorted(self.landed.items()):
            changed: dict[Key, Standing] = {}
            for key, row in standing.items():
                if (
                    landed.file
                    and (left := {t for t in row.told if t[1] != landed.file}) != row.told
                ):
                    changed[key] = Standing(row.version, row.commit, row.gone, frozenset(left))
            for version in landed.versions:
                before = changed.get(version.key) or standing.get(version.key, Standing())
                if version.is_good:
                    changed[version.key] = Standing(version, number)
                else:
                    told = before.told | {(number, landed.file)}
                    changed[version.key] = Standing(
                        before.version, before.commit, before.gone, told
                    )
            for key in landed.gone:
                before = standing.get(key, Standing())
                changed[key] = Standing(before.version, number, gone=True)
            standing |= changed
            for key, after in changed.items():
                yield number, key, after


def _versions(found: Iterable[tuple[Any, ...]]) -> dict[int, Version]:
    return {number: Version((table, key), row) for number, table, key, row in found}


def _days(version: Version) -> Iterator[date]:
    yield version.moment("created_at").date()
    yield version.moment("last_updated").date()
    for column in ("agreed_delivery_date", "agreed_payment_date", "payment_date"):
        if column in version.row:
            yield date.fromisoformat(version.row[column])


def _member_of_staff(
    key: int, member: Standing, standing: Mapping[Key, Standing]
) -> tuple[Any, ...]:
    assert member.version
    row = member.version.row
    department = standing.get(("department", row["department_id"]), Standing())
    held = department.version and not department.gone
    name = department.version.row["department_name"] if department.version and held else _NOT_KNOWN
    commit = max(member.commit, department.commit if department.version else 0)
    return key, row["first_name"], name, member.gone, commit


_VALUES = {
    "sales_order": lambda v: (v.key[1], *v.stamps, v.row["staff_id"], v.row["units_sold"]),
    "payment": lambda v: (v.key[1], *v.stamps, v.row["currency_id"], v.row["payment_amount"]),
    "currency": lambda v: (v.key[1], v.row["currency_code"], CODES[v.row["currency_code"]]),
    "transaction": lambda v: (v.key[1], v.row["transaction_type"], v.row["sales_order_id"]),
}
"""The values of the shop's rows that are compared, as the star names them."""

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
"""The same values in the star: the table and its columns."""
