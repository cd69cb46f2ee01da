"""Redefinitions of source tables that change what a SELECT returns without writing a row."""

from enum import Enum

from hedgehog_pipeline_tests.proofs.torture.machine.ground import Copy
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.history import (
    SEARCH_PATH,
    attach,
    attach_altered,
    create_copy,
    replace_by_copy,
    replace_by_search_path,
)

REDEFINED = ("transaction", "staff", "department")
"""The tables that are redefined in one step; that of payments takes four."""


class Replacement(Enum):
    """How a copy replaces the table of payments."""

    RENAMED = "renamed"
    SEARCH_PATH = "before in search_path"


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
_DROP_FOREIGN_KEYS = """
    do $$ declare referring text; begin
        for referring in
            select conname from pg_constraint where conrelid = 'payment'::regclass and contype = 'f'
        loop
            execute format('alter table payment drop constraint %I', referring);
        end loop;
    end $$
"""
"""So that a row that payments refer to can be deleted once another table has replaced payments."""

_GROWN_AS_PAYMENT = """
    do $$ begin
        if exists (select from pg_attribute
                   where attrelid = 'payment'::regclass and attname = 'grown') then
            alter table later add column if not exists grown text default 'new';
        end if;
    end $$
"""
"""A partition has the columns of its table."""

_WITH_THE_DEFAULT_IN_LATER = """
    stored || case when (stored ->> 'payment_id')::int < 1000 then '{}'::jsonb
        else jsonb_build_object('company_ac_number', 7) end
"""


class Redefinition:
    """Redefines the tables of an example's shop, step by step."""

    def __init__(self, copy: Copy, replacement: Replacement) -> None:
        self._copy = copy
        self._replacement = replacement
        self._shop = copy.connect()
        self._oracle = copy.oracle
        self._of_tables = {
            "transaction": self._exchange_labels,
            "staff": self._exchange_names,
            "department": self._replace_a_column,
        }
        self._of_payments = {
            "payments copied": self._fill,
            f"payments {replacement.value}": self._replace,
            "payments attached": self._attach,
            "payments attached altered": self._attach_altered,
        }

    def redefine(self, table: str) -> None:
        """Redefine a table that takes one step."""
        self._of_tables[table]()

    def payments_done(self) -> bool:
        return not self._of_payments

    def redefine_payments(self) -> str:
        """Do the next step to the table of payments; return its name."""
        name = next(iter(self._of_payments))
        self._of_payments.pop(name)()
        return name

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

    def _replace(self) -> None:
        self._shop.execute(_DROP_FOREIGN_KEYS)
        if self._replacement is Replacement.RENAMED:
            replace_by_copy(self._shop, "beside", SOURCE["payment"])
        else:
            replace_by_search_path(self._shop, "beside", SOURCE["payment"])
            self._copy.in_each_session(SEARCH_PATH)
        self._oracle.another |= {"payment"}

    def _attach(self) -> None:
        self._shop.execute(_GROWN_AS_PAYMENT.encode())
        attach(self._shop, "later", SOURCE["payment"], _OF_LATER)
        self._oracle.perhaps |= {"payment"}

    def _attach_altered(self) -> None:
        attach_altered(self._shop, "later", SOURCE["payment"], _OF_LATER, "company_ac_number")
        self._oracle.redefine("payment", _WITH_THE_DEFAULT_IN_LATER)
        self._oracle.perhaps |= {"payment"}
