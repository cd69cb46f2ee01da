"""The transforms of the dimensions: one pure function each, named after its table.

`hedgehog_pipeline.processing.frames` describes the frames.
"""

import pandas as pd
import pycountry

from hedgehog_pipeline.model.tables import NOT_KNOWN
from hedgehog_pipeline.processing.frames import described_days, with_parent
from hedgehog_pipeline.totesys.star import MENTIONS


def dim_date(mentions: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each day in orders and payments."""
    return described_days(mentions, MENTIONS)


def dim_staff(staff: pd.DataFrame, department: pd.DataFrame) -> pd.DataFrame:
    """Return each member of staff with their current department, or without one."""
    members = with_parent(staff, department, on="department_id")
    return members.assign(
        department_name=members["department_name"].fillna(NOT_KNOWN),
        location=members["location"].fillna(NOT_KNOWN),
    )


def dim_location(address: pd.DataFrame) -> pd.DataFrame:
    """Return each address as a delivery location."""
    return address.rename(columns={"address_id": "location_id"})


def dim_currency(currency: pd.DataFrame) -> pd.DataFrame:
    """Return each currency with its ISO 4217 name."""
    return currency.assign(currency_name=currency["currency_code"].map(_currency_name))


def dim_design(design: pd.DataFrame) -> pd.DataFrame:
    """Return each design."""
    return design


def dim_counterparty(counterparty: pd.DataFrame, address: pd.DataFrame) -> pd.DataFrame:
    """Return each counterparty with its current legal address, or without one."""
    address = address.rename(columns={"phone": "phone_number"})
    parties = with_parent(counterparty, address, on="legal_address_id", key="address_id")
    for column in ("address_line_1", "city", "postal_code", "country", "phone_number"):
        parties[column] = parties[column].fillna(NOT_KNOWN)
    legal = ("address_line_1", "address_line_2", "district", "city", "postal_code", "country")
    return parties.rename(columns={c: f"counterparty_legal_{c}" for c in (*legal, "phone_number")})


def dim_payment_type(payment_type: pd.DataFrame) -> pd.DataFrame:
    """Return each payment type."""
    return payment_type


def dim_transaction(transaction: pd.DataFrame) -> pd.DataFrame:
    """Return each transaction with the key of its order."""
    return transaction


def _currency_name(code: str) -> str:
    found = pycountry.currencies.get(alpha_3=code)
    return found.name if found else NOT_KNOWN
