"""A shop with a few keys, and concurrent sessions that write to it without waiting for locks.

The rows that a transaction has written, and the rows that they refer to, are claimed until it ends:
another session that wrote to them would wait for ever.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from hedgehog_pipeline_tests.support.demo_model import SOURCE

KEYS = (2, 3)
"""The keys that are written; the rows of key 1 are never changed."""

STAMPS = ("2026-03-01 10:00:00", "2026-03-02 10:00:00", "2026-03-02 10:00:00.001")
CODES = {"GBP": "Pound Sterling", "USD": "US Dollar", "EUR": "Euro", "XXA": "Not known"}

Key = tuple[str, int]
"""A table and a primary key."""

REFERENCE_ROWS = """
    create function pg_temp.opened() returns timestamp language sql
        as $$ select timestamp '2026-02-01 09:30:00' $$;
    insert into address values (1, '1 Mill Lane', null, 'Holbeck', 'Leeds', 'LS1 1AA', 'England',
        '0113 496 0000', pg_temp.opened(), pg_temp.opened());
    insert into counterparty values
        (1, 'Fahey', 1, 'Micheal Toy', null, pg_temp.opened(), pg_temp.opened());
    insert into payment_type values (1, 'SALES_RECEIPT', pg_temp.opened(), pg_temp.opened());
    insert into design values
        (1, pg_temp.opened(), 'Wooden', '/lib', 'wooden.json', pg_temp.opened());
    insert into currency values (1, 'GBP', pg_temp.opened(), pg_temp.opened());
    insert into department values (1, 'Sales', null, null, pg_temp.opened(), pg_temp.opened());
    insert into staff values
        (1, 'Ada', 'Hill', 1, 'ada@example.com', pg_temp.opened(), pg_temp.opened());
    insert into transaction
        select 100 + n, 'PURCHASE', null, null, pg_temp.opened(), pg_temp.opened()
        from generate_series(2, 3) as n;
"""
"""The rows that the written rows refer to."""


@dataclass(frozen=True)
class Kind:
    """A table that is written.

    Attributes:
        table: the name.
        column: the column that gets a different value in each write.
        value: returns this value by the number of the write.
        parent: the foreign key column, the table that it refers to, and its value if there is no
            such row.
        fixed: the values of the other columns, by the key.
    """

    table: str
    column: str
    value: Callable[[int], str | int]
    parent: tuple[str, str, int | None] | None = None
    fixed: Callable[[int], Mapping[str, Any]] = lambda _: {}

    @property
    def key(self) -> str:
        return SOURCE[self.table].key

    def row(self, write: "Write", number: int, parent: int | None) -> dict[str, Any]:
        """Return the row that a write inserts."""
        return {
            self.key: write.key[1],
            self.column: self.value(number),
            "created_at": "infinity" if write.spoiled else STAMPS[0],
            "last_updated": write.stamp or STAMPS[0],
            **({self.parent[0]: parent} if self.parent else {}),
            **self.fixed(write.key[1]),
        }

    def changes(self, write: "Write", number: int, parent: int | None) -> dict[str, Any]:
        """Return the columns that a write updates in an existing row."""
        left = {self.key, *self.fixed(0), *(() if write.stamp else ("last_updated",))}
        return {k: v for k, v in self.row(write, number, parent).items() if k not in left}


def _order(_: int) -> dict[str, Any]:
    return {
        "design_id": 1,
        "counterparty_id": 1,
        "unit_price": 2,
        "currency_id": 1,
        "agreed_delivery_date": "2026-04-01",
        "agreed_payment_date": "2026-04-02",
        "agreed_delivery_location_id": 1,
    }


def _payment(key: int) -> dict[str, Any]:
    return {
        "transaction_id": 100 + key,
        "counterparty_id": 1,
        "payment_type_id": 1,
        "paid": "f",
        "payment_date": "2026-04-03",
        "company_ac_number": 1,
        "counterparty_ac_number": 1,
    }


def _person(_: int) -> dict[str, Any]:
    return {"last_name": "Hill", "email_address": "ada@example.com"}


def _code(number: int) -> str:
    return list(CODES)[number % len(CODES)]


def _side(number: int) -> str:
    return "SALE" if number % 2 else "PURCHASE"


KINDS = {
    kind.table: kind
    for kind in (
        Kind("department", "department_name", "Office {}".format),
        Kind("staff", "first_name", "Ada {}".format, ("department_id", "department", 1), _person),
        Kind("currency", "currency_code", _code),
        Kind("sales_order", "units_sold", int, ("staff_id", "staff", 1), _order),
        Kind("transaction", "transaction_type", _side, ("sales_order_id", "sales_order", None)),
        Kind("payment", "payment_amount", int, ("currency_id", "currency", 1), _payment),
    )
}
"""The tables that are written, parents first."""


@dataclass(frozen=True)
class Write:
    """A write to a row.

    Attributes:
        key: the row.
        deleted: whether it is deleted; otherwise it is updated, or inserted if it does not exist.
        parent: the key that it refers to, if that row exists.
        stamp: the new `last_updated`; None leaves it unchanged if the row exists.
        spoiled: whether its `created_at` is a value that the star rejects.
    """

    key: Key
    deleted: bool
    parent: int
    stamp: str | None
    spoiled: bool


class Claims:
    """Records which transaction has written which rows."""

    def __init__(self) -> None:
        self._holders: dict[Key, object] = {}

    def allow(self, holder: object, keys: Iterable[Key]) -> bool:
        return all(self._holders.get(key, holder) == holder for key in keys)

    def take(self, holder: object, keys: Iterable[Key]) -> None:
        self._holders.update(dict.fromkeys(keys, holder))

    def release(self, holder: object) -> None:
        self.hand_over(holder, None)

    def hand_over(self, holder: object, to: object) -> None:
        held = [key for key, by in self._holders.items() if by == holder]
        for key in held:
            del self._holders[key]
        if to is not None:
            self.take(to, held)


class Session:
    """A connection to the shop in autocommit mode, and its open transaction, if any."""

    def __init__(self, connection: psycopg.Connection[Any], claims: Claims) -> None:
        self._connection = connection
        self._claims = claims
        self.is_open = False
        self.savepoints = 0

    def begin(self) -> None:
        self._connection.execute("begin")
        self.is_open = True

    def write(self, write: Write, number: int) -> bool:
        """Write, unless another transaction claims a row or an existing reference forbids it.

        Args:
            write: the write.
            number: determines the value of its column.
        """
        kind = KINDS[write.key[0]]
        children = self._children(write.key) if write.deleted else []
        parent = self._parent(kind, write) if not write.deleted else None
        touched = [write.key, *children, *([parent] if parent else [])]
        if not self._claims.allow(self, touched):
            return False
        if any(child != "transaction" for child, _ in children):
            return False
        other = kind.parent[2] if kind.parent else None
        self._execute(kind, write, number, parent[1] if parent else other)
        if self.is_open:
            self._claims.take(self, touched)
        return True

    def savepoint(self) -> None:
        self.savepoints += 1
        self._connection.execute(b"savepoint s%d" % self.savepoints)

    def roll_back_to_savepoint(self) -> None:
        self._connection.execute(b"rollback to savepoint s%d" % self.savepoints)
        self.savepoints -= 1

    def end(self, how: str) -> None:
        """Commit or roll back."""
        self._connection.execute(how.encode())
        self._claims.release(self)
        self.is_open, self.savepoints = False, 0

    def prepare(self, name: str) -> None:
        """Prepare the transaction under a name, which keeps its claims."""
        self._connection.execute(f"prepare transaction '{name}'".encode())
        self._claims.hand_over(self, name)
        self.is_open, self.savepoints = False, 0

    def execute(self, statement: str) -> None:
        """Execute another statement."""
        self._connection.execute(statement.encode())

    def ask(self, query: str) -> set[tuple[Any, ...]]:
        return set(self._connection.execute(query.encode()).fetchall())

    def _execute(self, kind: Kind, write: Write, number: int, parent: int | None) -> None:
        values: dict[str, Any] = {}
        if write.deleted:
            statement = "delete from {table} where {key} = {which}"
        elif self._holds(write.key):
            values = kind.changes(write, number, parent)
            statement = "update {table} set ({columns}) = row({values}) where {key} = {which}"
        else:
            values = kind.row(write, number, parent)
            statement = "insert into {table} ({columns}) values ({values})"
        self._connection.execute(
            sql.SQL(statement).format(
                table=sql.Identifier(kind.table),
                key=sql.Identifier(kind.key),
                which=sql.Literal(write.key[1]),
                columns=sql.SQL(", ").join(map(sql.Identifier, values)),
                values=sql.SQL(", ").join(sql.Placeholder() * len(values)),
            ),
            list(values.values()),
        )

    def _holds(self, key: Key) -> bool:
        query = sql.SQL("select from {} where {} = %s").format(
            sql.Identifier(key[0]), sql.Identifier(KINDS[key[0]].key)
        )
        return bool(self._connection.execute(query, [key[1]]).fetchall())

    def _parent(self, kind: Kind, write: Write) -> Key | None:
        """Return the referenced row, if it exists and no other transaction claims it.

        An order has at most one transaction.
        """
        if kind.parent is None:
            return None
        parent = (kind.parent[1], write.parent)
        in_use = kind.table == "transaction" and set(self._children(parent)) - {write.key}
        free = self._claims.allow(self, [parent]) and not in_use
        return parent if free and self._holds(parent) else None

    def _children(self, key: Key) -> list[Key]:
        """Return the rows that refer to a row."""
        return [
            (child.table, row[0])
            for child in KINDS.values()
            if child.parent and child.parent[1] == key[0]
            for row in self._connection.execute(
                sql.SQL("select {} from {} where {} = %s").format(
                    sql.Identifier(child.key),
                    sql.Identifier(child.table),
                    sql.Identifier(child.parent[0]),
                ),
                [key[1]],
            )
        ]


def file_rows(writes: Sequence[tuple[Write, int]]) -> tuple[str, list[dict[str, Any]]]:
    """Return the rows of an inbox file for the table of the first write; a key has its last row.

    The rows that they refer to need not exist.
    """
    kind = KINDS[writes[0][0].key[0]]
    rows = {w.key[1]: kind.row(w, n, w.parent) for w, n in writes if w.key[0] == kind.table}
    return kind.table, list(rows.values())


def csv_of(table: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as a CSV file for the inbox."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in SOURCE[table].columns])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
