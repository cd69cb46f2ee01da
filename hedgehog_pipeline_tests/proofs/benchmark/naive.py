"""A naive pipeline for the whole schema, as pandas tutorials teach it: the baseline.

Each table is read by `read_sql`, written to S3 as CSV, read again, transformed with pandas types,
written as Parquet, and inserted into the star tables with the same keys and foreign keys.
"""

import io
import sys

import boto3
import pandas as pd
import pycountry
from sqlalchemy import create_engine

from hedgehog_pipeline.storage.ddl import stored_names
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR

_FACTS = ("sales_order", "purchase_order", "payment")


def main(shop: str, warehouse: str, bucket: str) -> None:
    """Load the shop into the warehouse through a bucket."""
    s3 = boto3.client("s3")
    source, target = create_engine(shop), create_engine(warehouse)
    landed = {
        table: _through_csv(pd.read_sql(table, source), table, s3, bucket) for table in SOURCE
    }
    for name, frame in _star(landed).items():
        body = io.BytesIO()
        frame.to_parquet(body, index=False)
        s3.put_object(Bucket=bucket, Key=f"{name}.parquet", Body=body.getvalue())
        rows = pd.read_parquet(io.BytesIO(body.getvalue()))
        rows.to_sql(name, target, if_exists="append", index=False, method="multi", chunksize=1000)


def _through_csv(frame: pd.DataFrame, table: str, s3: object, bucket: str) -> pd.DataFrame:
    body = frame.to_csv(index=False).encode()
    s3.put_object(Bucket=bucket, Key=f"{table}.csv", Body=body)  # type: ignore[attr-defined]
    timestamps = ["created_at", "last_updated"]
    return pd.read_csv(io.BytesIO(body), parse_dates=timestamps)


def _star(landed: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Transform dimensions, then facts, in the order of their foreign keys."""
    facts = {f"fact_{name}": _fact(landed[name]) for name in _FACTS}
    facts["fact_sales_order"] = facts["fact_sales_order"].rename(
        columns={"staff_id": "sales_staff_id"}
    )
    days = pd.concat([f[c] for f in facts.values() for c in f.columns if c.endswith("_date")])
    address = landed["address"]
    legal = address.rename(columns={"address_id": "legal_address_id", "phone": "phone_number"})
    legal = legal.drop(columns=["created_at", "last_updated"]).rename(
        columns=lambda c: c if c == "legal_address_id" else f"counterparty_legal_{c}"
    )
    codes = landed["currency"]["currency_code"]
    names = [pycountry.currencies.get(alpha_3=code).name for code in codes]  # type: ignore[union-attr]
    dimensions = {
        "dim_date": _dates(days),
        "dim_staff": landed["staff"].merge(landed["department"], on="department_id"),
        "dim_location": address.rename(columns={"address_id": "location_id"}),
        "dim_currency": landed["currency"].assign(currency_name=names),
        "dim_design": landed["design"],
        "dim_counterparty": landed["counterparty"].merge(legal, on="legal_address_id"),
        "dim_payment_type": landed["payment_type"],
        "dim_transaction": landed["transaction"],
    }
    return {
        name: frame.assign(ingestion_commit=1, processed_commit=1, **_technical(name))[
            [column for column in stored_names(STAR[name]) if column != "inferred_since"]
        ]
        for name, frame in {**dimensions, **facts}.items()
    }


def _fact(rows: pd.DataFrame) -> pd.DataFrame:
    fact = rows.copy()
    for stamp, prefix in (("created_at", "created"), ("last_updated", "last_updated")):
        fact[f"{prefix}_date"] = rows[stamp].dt.date
        fact[f"{prefix}_time"] = rows[stamp].dt.time
    for column in rows.columns[rows.columns.str.endswith("_date")]:
        fact[column] = pd.to_datetime(rows[column]).dt.date
    return fact


def _dates(days: pd.Series) -> pd.DataFrame:
    dates = pd.to_datetime(pd.Series(days.unique()))
    return pd.DataFrame(
        {
            "date_id": dates.dt.date,
            "year": dates.dt.year,
            "month": dates.dt.month,
            "day": dates.dt.day,
            "day_of_week": dates.dt.dayofweek + 1,
            "day_name": dates.dt.day_name(),
            "month_name": dates.dt.month_name(),
            "quarter": dates.dt.quarter,
        }
    )


def _technical(name: str) -> dict[str, bool]:
    return {"deleted": False, "inferred": False} if name.startswith("dim_") else {}


if __name__ == "__main__":
    main(*sys.argv[1:])
