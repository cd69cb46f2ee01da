"""The dimensions of the star: one pure function each, named after its table.

Frames are pandas on Arrow dtypes with the declared columns of the shop's table and two technical
ones, which each result carries on: `ingestion_commit`, the number of the capture that saw the row,
and `deleted`, whether the shop holds it no more.
"""

import pandas as pd
import pyarrow as pa
import pycountry

from hedgehog_pipeline.schema.star import NOT_KNOWN, STAR

_MENTIONS = sorted({source.partition(".")[2] for source in STAR["dim_date"].key.sources})
_COMMIT = "ingestion_commit"


def dim_date(mentions: pd.DataFrame) -> pd.DataFrame:
    """Describe each day that orders or payments mention; weekdays as ISO 8601 counts them."""
    days = pd.concat(
        [
            mentions[[_COMMIT, "deleted"]].assign(date_id=mentions[column].dt.date)
            for column in mentions.columns.intersection(_MENTIONS)
        ]
    ).drop_duplicates("date_id", ignore_index=True)
    moments = days["date_id"].astype(pd.ArrowDtype(pa.timestamp("s")))
    return days.assign(
        year=moments.dt.year,
        month=moments.dt.month,
        day=moments.dt.day,
        day_of_week=moments.dt.dayofweek + 1,
        day_name=moments.dt.strftime("%A"),
        month_name=moments.dt.strftime("%B"),
        quarter=moments.dt.quarter,
    )


def dim_staff(staff: pd.DataFrame, department: pd.DataFrame) -> pd.DataFrame:
    """Give each member of staff the department of the moment; none is dropped for want of one."""
    members = _with_parent(staff, department, on="department_id")
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
    address = address.rename(columns={"address_id": "legal_address_id", "phone": "phone_number"})
    parties = _with_parent(counterparty, address, on="legal_address_id")
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


def _with_parent(children: pd.DataFrame, parents: pd.DataFrame, on: str) -> pd.DataFrame:
    """Join each child with its parent, if any; the later of their two commits saw the pair."""
    parents = parents.drop(columns=["created_at", "last_updated"])
    joined = children.merge(parents, how="left", on=on, suffixes=("", "_of_parent"))
    later = joined[[_COMMIT, f"{_COMMIT}_of_parent"]].max(axis="columns")
    return joined.assign(**{_COMMIT: later})


def _currency_name(code: str) -> str:
    found = pycountry.currencies.get(alpha_3=code)
    return found.name if found else NOT_KNOWN
