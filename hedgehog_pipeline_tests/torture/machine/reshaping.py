"""What a shop does to its tables without writing a row of them; what rows read is another then."""

from enum import Enum

from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline_tests.extraction.history import (
    SEARCH_PATH,
    attach,
    attach_altered,
    fill_beside,
    put_before,
    put_in_place,
)
from hedgehog_pipeline_tests.torture.machine.ground import Copy

RESHAPED = ("transaction", "staff", "department")
"""The tables that are reshaped at once; that of payments is in four steps."""


class Way(Enum):
    """How the table that was filled beside payments takes their place."""

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
_REFERS_TO_NOTHING = """
    do $$ declare referring text; begin
        for referring in
            select conname from pg_constraint where conrelid = 'payment'::regclass and contype = 'f'
        loop
            execute format('alter table payment drop constraint %I', referring);
        end loop;
    end $$
"""
"""What payments refer to can be deleted once another table has taken their place."""

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


class Reshaping:
    """The tables of an example's shop, and how far their owner came with them."""

    def __init__(self, copy: Copy, way: Way) -> None:
        self._copy = copy
        self._way = way
        self._shop = copy.connect()
        self._oracle = copy.oracle
        self._of_tables = {
            "transaction": self._exchange_labels,
            "staff": self._exchange_names,
            "department": self._make_a_column_anew,
        }
        self._of_payments = {
            "payments filled beside": self._fill,
            f"payments {way.value}": self._take_place,
            "payments attached": self._attach,
            "payments attached altered": self._attach_altered,
        }

    def reshape(self, table: str) -> None:
        """Do to a table what is done to it."""
        self._of_tables[table]()

    def is_done_with_payments(self) -> bool:
        return not self._of_payments

    def reshape_payments(self) -> str:
        """Do the next step to the table of payments; give what it was."""
        name = next(iter(self._of_payments))
        self._of_payments.pop(name)()
        return name

    def _exchange_labels(self) -> None:
        self._shop.execute(_LABELS.encode())
        self._oracle.reshape("transaction", _WITH_OTHER_LABELS)
        self._oracle.another ^= {"transaction"}

    def _exchange_names(self) -> None:
        self._shop.execute(_NAMES.encode())
        self._oracle.reshape("staff", _WITH_OTHER_NAMES)
        self._oracle.another ^= {"staff"}

    def _make_a_column_anew(self) -> None:
        self._shop.execute(_COLUMN.encode())
        self._oracle.reshape("department", _WITH_THE_DEFAULT)
        self._oracle.another |= {"department"}

    def _fill(self) -> None:
        fill_beside(self._shop, "beside", SHOP["payment"], _OF_LATER.start)
        self._shop.execute(_LATER.encode())

    def _take_place(self) -> None:
        self._shop.execute(_REFERS_TO_NOTHING)
        if self._way is Way.RENAMED:
            put_in_place(self._shop, "beside", SHOP["payment"])
        else:
            put_before(self._shop, "beside", SHOP["payment"])
            self._copy.in_each_session(SEARCH_PATH)
        self._oracle.another |= {"payment"}

    def _attach(self) -> None:
        self._shop.execute(_GROWN_AS_PAYMENT.encode())
        attach(self._shop, "later", SHOP["payment"], _OF_LATER)
        self._oracle.perhaps |= {"payment"}

    def _attach_altered(self) -> None:
        attach_altered(self._shop, "later", SHOP["payment"], _OF_LATER, "company_ac_number")
        self._oracle.reshape("payment", _WITH_THE_DEFAULT_IN_LATER)
        self._oracle.perhaps |= {"payment"}
