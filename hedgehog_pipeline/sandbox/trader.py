"""A simulated user of the shop's application, who does one operation after another."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
from psycopg import sql

from hedgehog_pipeline.sandbox.people import People

_RECENT = 2_000
_MAX_PAID_AT_ONCE = 37
_LOCATIONS = ("Leeds", "Manchester", "Newcastle upon Tyne", None)


class Trader:
    """Does random operations of the application, the same ones for the same seed.

    Each operation is one transaction; `last_updated` is the application's time.
    """

    def __init__(
        self, connection: psycopg.Connection, seed: int, clock: Callable[[], datetime]
    ) -> None:
        """The connection must be in autocommit mode; `clock` returns UTC without time zone."""
        self.done: Counter[str] = Counter()
        self._connection = connection
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311  nothing secret
        self._people = People(seed)
        self._weights = {
            self.place_orders: 60,
            self._change_order: 20,
            self._pay: 10,
            self._add_design: 4,
            self._add_staff: 1,
            self._add_counterparty: 1,
            self._change_address: 2,
            self._change_department: 2,
            self._move_staff: 1,
        }

    def act(self) -> None:
        """Do one operation."""
        (operation,) = self._random.choices(list(self._weights), list(self._weights.values()))
        with self._connection.transaction():
            done = operation()
        self.done.update(done)

    def place_orders(self) -> dict[str, int]:
        """Place some orders at once, some in a savepoint, and roll some of those back."""
        done: Counter[str] = Counter()
        for _ in range(self._random.randint(1, 4)):
            if self._happens(0.5):
                done[self._place_order()] += 1
                continue
            rolled_back = self._happens(0.2)
            with self._connection.transaction(force_rollback=rolled_back):
                kind = self._place_order()
            done["orders rolled back" if rolled_back else kind] += 1
        return done

    def _place_order(self) -> str:
        """Place an order with its transaction and its payment."""
        chance, today = self._random, self._clock().date()
        agreed = {
            "staff_id": self._some("staff"),
            "counterparty_id": self._some("counterparty"),
            "currency_id": self._some("currency"),
            "agreed_delivery_date": str(today + timedelta(days=chance.randint(0, 9))),
            "agreed_payment_date": str(today + timedelta(days=chance.randint(1, 6))),
            "agreed_delivery_location_id": self._some("address"),
        }
        if self._happens(0.7):
            table, kind, payment_type = "sales_order", "SALE", 1
            units, price = chance.randint(1_001, 99_973), self._price(200, 400)
            order = {
                "design_id": self._some("design"),
                "units_sold": units,
                "unit_price": price,
            }
        else:
            table, kind, payment_type = "purchase_order", "PURCHASE", 3
            units, price = chance.randint(10, 998), self._price(2_000, 98_341)
            order = {
                "item_code": f"{chance.randrange(36**5):07X}",
                "item_quantity": units,
                "item_unit_price": price,
            }
        order_id = self._insert(table, agreed | order)
        transaction_id = self._insert(
            "transaction", {"transaction_type": kind, f"{table}_id": order_id}
        )
        self._insert(
            "payment",
            {
                "transaction_id": transaction_id,
                "counterparty_id": agreed["counterparty_id"],
                "payment_amount": units * price,
                "currency_id": agreed["currency_id"],
                "payment_type_id": payment_type,
                "paid": False,
                "payment_date": agreed["agreed_payment_date"],
                "company_ac_number": chance.randrange(10_000_000, 100_000_000),
                "counterparty_ac_number": chance.randrange(10_000_000, 100_000_000),
            },
        )
        return f"{table}s placed".replace("_", " ")

    def _change_order(self) -> dict[str, int]:
        table, column, amount = self._random.choice(
            [
                ("sales_order", "units_sold", self._random.randint(1_001, 99_973)),
                ("purchase_order", "item_quantity", self._random.randint(10, 998)),
            ]
        )
        return {"orders changed": self._update(table, {column: amount})}

    def _pay(self) -> dict[str, int]:
        """Mark many recent payments as paid, by one statement and with one timestamp."""
        statement = """
            UPDATE payment SET paid = true, last_updated = %(now)s
            WHERE payment_id IN (
                SELECT payment_id FROM payment
                WHERE NOT paid AND payment_id > (SELECT max(payment_id) FROM payment) - %(recent)s
                ORDER BY payment_date, payment_id LIMIT %(most)s
                FOR UPDATE SKIP LOCKED
            )
        """
        values = {"now": self._clock(), "recent": _RECENT, "most": _MAX_PAID_AT_ONCE}
        return {"payments paid": self._connection.execute(statement, values).rowcount}

    def _add_design(self) -> dict[str, int]:
        self._insert("design", self._people.design())
        return {"designs added": 1}

    def _add_staff(self) -> dict[str, int]:
        self._insert("staff", self._people.staff() | {"department_id": self._some("department")})
        return {"staff added": 1}

    def _add_counterparty(self) -> dict[str, int]:
        address = {"legal_address_id": self._some("address")}
        self._insert("counterparty", self._people.counterparty() | address)
        return {"counterparties added": 1}

    def _change_address(self) -> dict[str, int]:
        return {"addresses changed": self._update("address", self._people.address())}

    def _change_department(self) -> dict[str, int]:
        location = {"location": self._random.choice(_LOCATIONS)}
        return {"departments changed": self._update("department", location)}

    def _move_staff(self) -> dict[str, int]:
        """Move a member of staff to another department."""
        return {"staff moved": self._update("staff", {"department_id": self._some("department")})}

    def _happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def _price(self, least: int, most: int) -> Decimal:
        return Decimal(self._random.randint(least, most)).scaleb(-2)

    def _some(self, table: str) -> int | None:
        """Return the id of a random row, None if the table is empty."""
        statement = sql.SQL(
            "SELECT {key} FROM {table}"
            " WHERE {key} >= ceil({share} * (SELECT max({key}) FROM {table}))::integer"
            " ORDER BY {key} LIMIT 1"
        ).format(
            key=sql.Identifier(f"{table}_id"),
            table=sql.Identifier(table),
            share=sql.Literal(self._random.random()),
        )
        row = self._connection.execute(statement).fetchone()
        return row[0] if row else None

    def _insert(self, table: str, values: Mapping[str, object]) -> int:
        """Insert a row with the current timestamp; return its id."""
        row = {**values, "last_updated": self._clock()}
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
            sql.Identifier(f"{table}_id"),
        )
        (key,) = self._connection.execute(statement, row).fetchone() or (0,)
        return key

    def _update(self, table: str, values: Mapping[str, object]) -> int:
        """Change a random row; return the number of changed rows, 0 in an empty table."""
        row = {**values, "last_updated": self._clock()}
        assignments = (
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in row
        )
        statement = sql.SQL("UPDATE {} SET {} WHERE {} = {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(assignments),
            sql.Identifier(f"{table}_id"),
            sql.Placeholder("key"),
        )
        return self._connection.execute(statement, row | {"key": self._some(table)}).rowcount
