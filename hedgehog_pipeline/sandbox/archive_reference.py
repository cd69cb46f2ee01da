"""The reference tables that the past orders refer to: few rows, created once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from hedgehog_pipeline.sandbox.columns import Integers, milliseconds, timestamps
from hedgehog_pipeline.sandbox.people import People

ADDRESSES = 30
COUNTERPARTIES = 20
STAFF = 20
CURRENCIES = ("GBP", "USD", "EUR")

_DEPARTMENTS = (
    ("Sales", "Manchester", "Richard Roma"),
    ("Purchasing", "Manchester", "Naomi Lapaglia"),
    ("Production", "Leeds", "Chester Ming"),
    ("Dispatch", "Leeds", "Mark Hanna"),
    ("Finance", "Manchester", "Jordan Belfort"),
    ("Facilities", "Manchester", "Shelley Levene"),
    ("Communications", "Leeds", "Ann Blake"),
    ("HR", None, "James Link"),
)
_PAYMENT_TYPES = ("SALES_RECEIPT", "SALES_REFUND", "PURCHASE_PAYMENT", "PURCHASE_REFUND")

_FIRST_DESIGNS = 10
_MAX_DESIGNS = 470
_ORDERS_PER_DESIGN = 30

# Reference data was entered in two steps, in the afternoon before the shop opened.
_FILLED = timedelta(hours=-9, minutes=-39, milliseconds=-10_038)
_STAFFED = _FILLED + timedelta(milliseconds=1_601)


def design_times(orders: int, opening: datetime, until: datetime) -> Integers:
    """Return when each design was created: ten before the opening, the others evenly since then."""
    later = min(_MAX_DESIGNS, _FIRST_DESIGNS + orders // _ORDERS_PER_DESIGN) - _FIRST_DESIGNS
    first = np.full(_FIRST_DESIGNS, milliseconds(opening + _FILLED))
    steps = np.linspace(milliseconds(opening), milliseconds(until), later + 2)[1:-1]
    return np.concatenate([first, steps.astype(np.int64)])


def reference_tables(
    opening: datetime, designs: Integers, seed: int
) -> Iterator[tuple[str, pa.Table]]:
    """Yield the seven reference tables, with ids from 1."""
    people = People(seed)
    chance = np.random.default_rng(seed)
    filled, staffed = opening + _FILLED, opening + _STAFFED
    yield _table("address", [people.address() for _ in range(ADDRESSES)], filled)
    yield _table("currency", [{"currency_code": code} for code in CURRENCIES], filled)
    names = ("department_name", "location", "manager")
    yield _table("department", [dict(zip(names, row, strict=True)) for row in _DEPARTMENTS], filled)
    yield _table("payment_type", [{"payment_type_name": name} for name in _PAYMENT_TYPES], filled)
    yield _table(
        "counterparty",
        [
            people.counterparty() | {"legal_address_id": int(address)}
            for address in chance.integers(1, ADDRESSES, COUNTERPARTIES, endpoint=True)
        ],
        staffed,
    )
    yield _table(
        "staff",
        [
            people.staff() | {"department_id": int(department)}
            for department in chance.integers(1, len(_DEPARTMENTS), STAFF, endpoint=True)
        ],
        staffed,
    )
    yield _table("design", [people.design() for _ in designs], designs)


def _table(
    name: str, rows: list[dict[str, Any]], created: datetime | Integers
) -> tuple[str, pa.Table]:
    """Return the rows with ids and timestamps: one for all rows, or one for each."""
    created_at = created
    if isinstance(created_at, datetime):
        created_at = np.full(len(rows), milliseconds(created_at))
    ids = pa.array(range(1, len(rows) + 1))
    table = pa.Table.from_pylist(rows).add_column(0, f"{name}_id", ids)
    times = timestamps(created_at)
    return name, table.append_column("created_at", times).append_column("last_updated", times)
