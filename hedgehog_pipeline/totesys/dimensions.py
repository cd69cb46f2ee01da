"""The dimensions of the star: one pure function each, named after its table.

Frames are as in `hedgehog_pipeline.processing.frames`.
"""

import pandas as pd
import pycountry

from hedgehog_pipeline.model.tables import NOT_KNOWN
from hedgehog_pipeline.processing.frames import described_days, with_parent
from hedgehog_pipeline.totesys.star import MENTIONS


def dim_date(mentions: pd.DataFrame) -> pd.DataFrame:
    """Describe each day that orders or payments mention."""
    return described_days(mentions, MENTIONS)


def dim_staff(staff: pd.DataFrame, department: pd.DataFrame) -> pd.DataFrame:
    """Give each member of staff the department of the moment; none is dropped for want of one."""
    members = with_parent(staff, department, on="department_id")
    return members.assign(
        department_name=members["department_name"].fillna(NOT_KNOWN),
        location=members["location"].fillna(NOT_KNOWN),
    )


def dim_location(address: pd.DataFrame) -> pd.DataFrame:
    """Give each address as a place of delivery."""
    return address.rename(columns={"address_id": "location_id"})


def dim_currency(currency: pd.DataFrame) -> pd.DataFrame:
    """Name each currency as ISO 4217 does."""
    return currency.assign(currency_name=currency["currency_code"].map(_currency_name))


def dim_design(design: pd.DataFrame) -> pd.DataFrame:
    """Give each design."""
    return design


def dim_counterparty(counterparty: pd.DataFrame, address: pd.DataFrame) -> pd.DataFrame:
    """Give each counterparty its legal address of the moment; none is dropped for want of one."""
    address = address.rename(columns={"phone": "phone_number"})
    parties = with_parent(counterparty, address, on="legal_address_id", key="address_id")
    for column in ("address_line_1", "city", "postal_code", "country", "phone_number"):
        parties[column] = parties[column].fillna(NOT_KNOWN)
    legal = ("address_line_1", "address_line_2", "district", "city", "postal_code", "country")
    return parties.rename(columns={c: f"counterparty_legal_{c}" for c in (*legal, "phone_number")})


def dim_payment_type(payment_type: pd.DataFrame) -> pd.DataFrame:
    """Give each kind of payment."""
    return payment_type


def dim_transaction(transaction: pd.DataFrame) -> pd.DataFrame:
    """Give each transaction with the order that it belongs to."""
    return transaction


def _currency_name(code: str) -> str:
    found = pycountry.currencies.get(alpha_3=code)
    return found.name if found else NOT_KNOWN
