"""The facts of the star: one pure function each, named after its table.

Frames are as in `hedgehog_pipeline.processing.frames`. Moments of the shop are UTC; a fact holds
their day and time.
"""

import pandas as pd


def fact_sales_order(sales_order: pd.DataFrame) -> pd.DataFrame:
    """Give each version of a sales order."""
    return _with_stamps(sales_order).assign(sales_staff_id=sales_order["staff_id"])


def fact_purchase_order(purchase_order: pd.DataFrame) -> pd.DataFrame:
    """Give each version of a purchase order."""
    return _with_stamps(purchase_order)


def fact_payment(payment: pd.DataFrame) -> pd.DataFrame:
    """Give each version of a payment."""
    return _with_stamps(payment)


def _with_stamps(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        created_date=rows["created_at"].dt.date,
        created_time=rows["created_at"].dt.time,
        last_updated_date=rows["last_updated"].dt.date,
        last_updated_time=rows["last_updated"].dt.time,
    )
