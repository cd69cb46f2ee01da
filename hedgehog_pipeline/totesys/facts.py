"""The transforms of the facts: one pure function each, named after its table.

`hedgehog_pipeline.processing.frames` describes the frames. Timestamps of the shop are UTC; a fact
has their day and time.
"""

import pandas as pd

from hedgehog_pipeline.processing.frames import days_of, times_of


def fact_sales_order(sales_order: pd.DataFrame) -> pd.DataFrame:
    """Return each version of a sales order."""
    return _with_stamps(sales_order).assign(sales_staff_id=sales_order["staff_id"])


def fact_purchase_order(purchase_order: pd.DataFrame) -> pd.DataFrame:
    """Return each version of a purchase order."""
    return _with_stamps(purchase_order)


def fact_payment(payment: pd.DataFrame) -> pd.DataFrame:
    """Return each version of a payment."""
    return _with_stamps(payment)


def _with_stamps(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        created_date=days_of(rows["created_at"]),
        created_time=times_of(rows["created_at"]),
        last_updated_date=days_of(rows["last_updated"]),
        last_updated_time=times_of(rows["last_updated"]),
    )
