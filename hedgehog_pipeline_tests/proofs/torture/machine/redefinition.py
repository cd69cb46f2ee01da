"""Redefinitions of source tables that change what a SELECT returns without writing a row."""

from collections.abc import Callable
from typing import Any

import psycopg

from hedgehog_pipeline_tests.proofs.torture.machine.oracle import Oracle
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.history import (
    attach,
    attach_altered,
    create_copy,
    replace_by_copy,
)

REDEFINED = ("transaction", "staff", "department", "payment", "payment")
"""The tables; `payment` has four steps."""

_LABELS = """
    alter type transaction_type rename value 'SALE' to 'x';
    alter type transaction_type rename value 'PURCHASE' to 'SALE';
    alter type transaction_type rename value 'x' to 'PURCHASE';
"""
_WITH_OTHER_LABELS = """
    stored || jsonb_build_object('transaction_type',
        case stored ->> 'transaction_type' when 'SALE' then 'PURCHASE' else 'SALE' end)
"""
_NAMES = """
    alter table staff rename first_name to x;
    alter table staff rename last_name to first_name;
    alter table staff rename x to last_name;
"""
_WITH_OTHER_NAMES = """
    stored || jsonb_build_object(
        'first_name', stored -> 'last_name', 'last_name', stored -> 'first_name')
"""
_COLUMN = """
    alter table department drop department_name;
    alter table department add department_name text not null default 'Closed';
"""
_WITH_THE_DEFAULT = "stored || jsonb_build_object('department_name', 'Closed')"

_OF_LATER = range(1000, 2000)
_LATER = """
    create table later (like payment including defaults, primary key (payment_id));
    insert into later (payment_id, created_at, last_updated, transaction_id, counterparty_id,
        payment_amount, currency_id, payment_type_id, paid, payment_date, company_ac_number,
        counterparty_ac_number)
    values (1002, '2026-03-01 10:00:00', '2026-03-01 10:00:00', 102, 1, 10, 1, 1, false,
        '2026-04-03', 1, 1);
"""
_WITH_THE_DEFAULT_IN_LATER = """
    stored || case when (stored ->> 'payment_id')::int < 1000 then '{}'::jsonb
        else jsonb_build_object('payment_amount', 7) end
"""


class Redefinition:
    """Redefines the tables of an example's shop, step by step."""

    def __init__(self, shop: psycopg.Connection[Any], oracle: Oracle) -> None:
        self._shop = shop
        self._oracle = oracle
        self._steps = [self._fill, self._put_in_place, self._attach, self._attach_altered]

    def redefine(self, table: str) -> None:
        """Redefine a table, or do the next step."""
        steps: dict[str, Callable[[], None]] = {
            "transaction": self._exchange_labels,
            "staff": self._exchange_names,
            "department": self._replace_a_column,
        }
        if table in steps:
            steps[table]()
        elif self._steps:
            self._steps.pop(0)()

    def _exchange_labels(self) -> None:
        self._shop.execute(_LABELS.encode())
        self._oracle.redefine("transaction", _WITH_OTHER_LABELS)
        self._oracle.another ^= {"transaction"}

    def _exchange_names(self) -> None:
        self._shop.execute(_NAMES.encode())
        self._oracle.redefine("staff", _WITH_OTHER_NAMES)
        self._oracle.another ^= {"staff"}

    def _replace_a_column(self) -> None:
        self._shop.execute(_COLUMN.encode())
        self._oracle.redefine("department", _WITH_THE_DEFAULT)
        self._oracle.another |= {"department"}

    def _fill(self) -> None:
        create_copy(self._shop, "beside", SOURCE["payment"], _OF_LATER.start)
        self._shop.execute(_LATER.encode())

    def _put_in_place(self) -> None:
        replace_by_copy(self._shop, "beside", SOURCE["payment"])
        self._oracle.another |= {"payment"}

    def _attach(self) -> None:
        attach(self._shop, "later", SOURCE["payment"], _OF_LATER)
        self._oracle.perhaps |= {"payment"}

    def _attach_altered(self) -> None:
        attach_altered(self._shop, "later", SOURCE["payment"], _OF_LATER, "payment_amount")
        self._oracle.redefine("payment", _WITH_THE_DEFAULT_IN_LATER)
        self._oracle.perhaps |= {"payment"}
