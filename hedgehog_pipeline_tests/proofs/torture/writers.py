"""Concurrent sessions that do to a shop everything that PostgreSQL allows a session to do."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event
from typing import Any

import psycopg

from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.history import (
    attach,
    attach_altered,
    create_copy,
    replace_by_copy,
)
from hedgehog_pipeline_tests.support.world import World

_ORDERS = 4000
"""The range of order keys: it is small, so that keys of deleted orders are used again."""

_STAMPS = (
    "current_timestamp",
    "current_timestamp + interval '7 minutes'",
    "current_timestamp - interval '7 minutes'",
    "timestamp '2026-11-02 12:00:00'",
    "last_updated",
)
"""Values of `last_updated`: the clock is right, ahead or behind, all the same, or unchanged."""

_ADD_ORDERS = """
    insert into sales_order (sales_order_id, last_updated, design_id, staff_id, counterparty_id,
        units_sold, unit_price, currency_id, agreed_delivery_date, agreed_payment_date,
        agreed_delivery_location_id)
    select key, {stamp}, 1, 1, 1, 10, 2.50, 1, '2026-11-05', '2026-11-04', 1
    from generate_series(%(first)s::int, %(last)s) as key
    where not exists (select from sales_order where sales_order_id = key)
"""

_ADD_TRANSACTIONS = """
    insert into transaction (transaction_type, sales_order_id, last_updated)
    select 'SALE', sales_order_id, {stamp} from sales_order as ordered
    where sales_order_id between %(first)s and %(last)s
      and not exists (select from transaction as made
                      where made.sales_order_id = ordered.sales_order_id)
"""

_ADD_PAYMENTS = """
    insert into payment (last_updated, transaction_id, counterparty_id, payment_amount, currency_id,
        payment_type_id, paid, payment_date, company_ac_number, counterparty_ac_number)
    select {stamp}, transaction_id, 1, 10.00, 1, 1, false, '2026-11-04', 1, 2
    from transaction as made where sales_order_id between %(first)s and %(last)s
      and not exists (select from payment where payment.transaction_id = made.transaction_id)
"""

_CHANGE_ORDERS = """
    update sales_order set units_sold = units_sold + 1, last_updated = {stamp}
    where sales_order_id between %(first)s and %(last)s
"""

_CHANGE_SOME = """
    update sales_order set unit_price = unit_price + 0.01, last_updated = {stamp}
    where sales_order_id %% 97 = %(first)s::int %% 97
"""

_PAY = """
    update payment set paid = not paid, last_updated = {stamp} where transaction_id in (
        select transaction_id from transaction
        where sales_order_id between %(first)s and %(last)s)
"""

_DELETE_ORDERS = "delete from sales_order where sales_order_id between %(first)s and %(last)s"
_CHANGE_SMALL = "update {small} set last_updated = {stamp}"

_ADDITIONS = (_ADD_ORDERS, _ADD_ORDERS, _ADD_TRANSACTIONS, _ADD_PAYMENTS)
_CHANGES = (_CHANGE_ORDERS, _CHANGE_SOME, _PAY, _DELETE_ORDERS, _CHANGE_SMALL)

_SMALL = ("address", "counterparty", "currency", "department", "design", "staff", "payment_type")

_ALTERATIONS = {
    "alter table sales_order alter units_sold type bigint using units_sold + 0": "sales_order",
    "alter table sales_order alter units_sold type integer using units_sold + 0": "sales_order",
    "alter table sales_order add surplus text default 'x'": "",
    "alter table sales_order drop surplus": "",
    "truncate payment": "",
    """
    alter table sales_order rename agreed_delivery_date to earlier;
    alter table sales_order add agreed_delivery_date text not null default '2026-11-06';
    alter table sales_order drop earlier;
    """: "sales_order",
    """
    alter table design drop file_name;
    alter table design add file_name text not null generated always as (design_name || 'x') stored;
    """: "design",
    "alter type payment_type_name rename value {label} to {new}": "payment_type",
}
"""Statements, each with the table of which all rows have to land again. The first two rewrite the
table, the last three change what a SELECT returns, but no transaction id."""

REFUSED = {
    """
    create table child (like address including all);
    insert into child select * from address;
    alter table child inherit address;
    """: "drop table child",
    "alter table design drop constraint design_pkey cascade": (
        "alter table design add primary key (design_id)"
    ),
}
"""Statements after which captures refuse a table, each with the statement that undoes it."""

_LABEL = """
    select enumlabel from pg_enum
    where enumtypid = 'payment_type_name'::regtype order by enumsortorder offset 1 limit 1
"""

_LATER = """
    create table {later} (like payment including defaults, primary key (payment_id));
    insert into {later} (payment_id, last_updated, transaction_id, counterparty_id, payment_amount,
        currency_id, payment_type_id, paid, payment_date, company_ac_number,
        counterparty_ac_number)
    select key, current_timestamp, (select min(transaction_id) from transaction), 1, 10.00, 1, 1,
        false, '2026-11-04', 1, 2
    from generate_series({first}, {last}) as key
"""

Session = psycopg.Connection[Any]


class Writers:
    """Concurrent sessions that write.

    Attributes:
        captures: the number of captures until now; the capturing thread counts them.
        refused: the number of captures that refused a table, counted by the same thread.
        altering: set when tables may be altered.
        did: the results of the transactions, counted.
    """

    def __init__(self, world: World, *, sessions: int, seed: int) -> None:
        self._world = world
        self._sessions = sessions
        self._seed = seed
        self.captures = 0
        self.refused = 0
        self._attached = count()
        self._enough = Event()
        self.altering = Event()
        self.did: Counter[str] = Counter()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Write until the block ends; then wait until all transactions have ended."""
        with ThreadPoolExecutor(self._sessions) as threads:
            working = [threads.submit(self._work, number) for number in range(self._sessions)]
            try:
                yield
            finally:
                self._enough.set()
            for session in working:
                session.result()

    def _work(self, number: int) -> None:
        chance = random.Random(f"{self._seed} {number}")
        kinds = {
            self._brief: 30,
            self._with_savepoints: 10,
            self._long: 3,
            self._prepared: 3,
            self._freeze: 1,
            self._alter: 2,
            self._swap: 1,
            self._attach: 1,
            self._refuse: 1,
        }
        with self._world.connect() as session:
            session.execute("set lock_timeout = '2s'")
            session.commit()
            while not self._enough.is_set():
                (kind,) = chance.choices(list(kinds), list(kinds.values()))
                try:
                    kind(session, chance)
                except psycopg.Error as error:
                    session.rollback()
                    self.did[f"refused: {type(error).__name__}"] += 1
            session.rollback()

    def _brief(self, session: Session, chance: random.Random) -> None:
        for _ in range(chance.randint(1, 3)):
            self._write(session, chance)
        self._end(session, chance)

    def _with_savepoints(self, session: Session, chance: random.Random) -> None:
        for _ in range(chance.randint(1, 3)):
            session.execute("savepoint here")
            self._write(session, chance)
            session.execute("savepoint deeper")
            self._write(session, chance)
            session.execute(
                chance.choice(
                    ["release here", "rollback to deeper", "rollback to here", "release deeper"]
                )
            )
        self._end(session, chance)
        self.did["with savepoints"] += 1

    def _long(self, session: Session, chance: random.Random) -> None:
        for _ in range(chance.randint(1, 3)):
            self._write(session, chance)
            self.await_captures(chance.randint(1, 3))
        self._end(session, chance)
        self.did["open over captures"] += 1

    def _prepared(self, session: Session, chance: random.Random) -> None:
        self._write(session, chance)
        name = f"'{chance.getrandbits(64):x}'"
        session.execute(f"prepare transaction {name}".encode())
        session.rollback()
        self.await_captures(chance.randint(0, 2))
        session.autocommit = True
        try:
            outcome = chance.choice(["commit", "commit", "rollback"])
            session.execute(f"{outcome} prepared {name}".encode())
        finally:
            session.autocommit = False
        self.did["prepared"] += 1

    def _freeze(self, session: Session, chance: random.Random) -> None:
        session.autocommit = True
        try:
            table = chance.choice(["sales_order", "payment", "transaction", *_SMALL])
            session.execute(f"vacuum (freeze) {table}".encode())
        finally:
            session.autocommit = False
        self.did["frozen"] += 1

    def _alter(self, session: Session, chance: random.Random) -> None:
        if not self.altering.is_set():
            return
        change, rewritten = chance.choice(list(_ALTERATIONS.items()))
        ((label,),) = session.execute(_LABEL).fetchall()
        new = f"'{chance.getrandbits(64):x}'"
        session.execute("set local lock_timeout = '300ms'")
        session.execute(change.format(label=f"'{label}'", new=new).encode())
        if rewritten:
            _record_rewritten(session, rewritten)
        self._write(session, chance)
        session.commit()
        self.did["altered or truncated"] += 1

    def _swap(self, session: Session, chance: random.Random) -> None:
        """Fill a copy of a table; after some captures replace the table by it."""
        if not self.altering.is_set():
            return
        beside = f"beside_{chance.getrandbits(32):x}"
        create_copy(session, beside, SOURCE["payment"], self._next_attached())
        session.commit()
        self.await_captures(chance.randint(1, 3))
        replace_by_copy(session, beside, SOURCE["payment"])
        _record_rewritten(session, "payment")
        session.commit()
        self.did["swapped"] += 1

    def _attach(self, session: Session, chance: random.Random) -> None:
        """Fill a table, attach it as a partition after some captures, and again after others."""
        if not self.did["swapped"]:
            return
        first = self._next_attached()
        later = f"later_{first}"
        session.execute(_LATER.format(later=later, first=first, last=first + 2).encode())
        session.commit()
        self.await_captures(chance.randint(0, 3))
        keys = range(first, first + 10)
        attach(session, later, SOURCE["payment"], keys)
        session.commit()
        self.did["attached"] += 1
        self.await_captures(3)  # the last of them began after this commit
        if not self._enough.is_set():
            attach_altered(session, later, SOURCE["payment"], keys, "company_ac_number")
            session.commit()
            self.did["attached altered"] += 1

    def _refuse(self, session: Session, chance: random.Random) -> None:
        """Change a table so that captures refuse it; undo the change after a refusal."""
        if not self.altering.is_set():
            return
        change, back = chance.choice(list(REFUSED.items()))
        session.execute("set local lock_timeout = '300ms'")
        session.execute(change.encode())
        session.commit()
        until = self.refused + 1
        await_condition(lambda: self.refused >= until or self._enough.is_set(), 20)
        while True:
            try:
                session.execute(back.encode())
                session.commit()
            except psycopg.Error:  # noqa: PERF203 (locked, or in a deadlock)
                session.rollback()
            else:
                break
        self.did["made what is refused"] += 1

    def _next_attached(self) -> int:
        """Return the first of ten keys that no other caller gets."""
        return 1_000_000_000 + 10 * next(self._attached)

    def _write(self, session: Session, chance: random.Random) -> None:
        statement = chance.choice(_ADDITIONS + _CHANGES)
        stamps = _STAMPS[:-1] if statement in _ADDITIONS else _STAMPS
        first = chance.randint(1, _ORDERS)
        text = statement.format(stamp=chance.choice(stamps), small=chance.choice(_SMALL))
        span = {"first": first, "last": first + chance.randint(0, 60)}
        session.execute(text.encode(), span)

    def _end(self, session: Session, chance: random.Random) -> None:
        if chance.random() < 0.8:
            session.commit()
            self.did["committed"] += 1
        else:
            session.rollback()
            self.did["rolled back"] += 1

    def await_captures(self, count: int) -> None:
        """Wait for so many more captures, or for the end of the test."""
        until = self.captures + count
        await_condition(lambda: self.captures >= until or self._enough.is_set(), 20)


def _record_rewritten(session: Session, table: str) -> None:
    session.execute("insert into rewritten values (%s, null, pg_current_xact_id())", [table])
