"""The figures of the report, computed with pandas from the shop's own tables."""

from datetime import date

import pandas as pd

from hedgehog_pipeline_tests.support.world import World

KINDS = {
    "SALES_RECEIPT": "receivable",
    "PURCHASE_REFUND": "receivable",
    "PURCHASE_PAYMENT": "payable",
    "SALES_REFUND": "payable",
}
_AGE_LIMITS = (-100_000, 0, 30, 60, 90, 100_000)


def latest_sales(world: World) -> pd.DataFrame:
    """Return the sales orders of the latest twelve months, joined with their reference tables."""
    sales = _frame(world, "sales_order")
    sales["month"] = sales["created_at"].dt.to_period("M")
    sales["revenue"] = [
        u * p for u, p in zip(sales["units_sold"], sales["unit_price"], strict=True)
    ]
    staff = _frame(world, "staff").merge(_frame(world, "department"), on="department_id")
    address = _frame(world, "address").rename(columns={"address_id": "agreed_delivery_location_id"})
    for other in (_frame(world, "currency"), _frame(world, "design"), staff, address):
        key = next(name for name in other.columns if name.endswith("_id") and name in sales.columns)
        sales = sales.merge(other, on=key, suffixes=("", "_other"))
    return sales[sales["month"] > sales["month"].max() - 12]


def unpaid(world: World, today: date) -> pd.DataFrame:
    """Return the unpaid payments with currency, direction and age."""
    payments = _frame(world, "payment")
    payments = payments[~payments["paid"].astype(bool)]
    payments = payments.merge(_frame(world, "currency"), on="currency_id")
    payments = payments.merge(_frame(world, "payment_type"), on="payment_type_id")
    late = (pd.Timestamp(today) - pd.to_datetime(payments["payment_date"])).dt.days
    payments["age"] = pd.cut(late, _AGE_LIMITS, labels=False)
    payments["direction"] = payments["payment_type_name"].map(KINDS)
    return payments


def _frame(world: World, table: str) -> pd.DataFrame:
    found = world.shop.execute(f"select * from {table}".encode())
    names = [column.name for column in found.description or ()]
    return pd.DataFrame(found.fetchall(), columns=pd.Index(names))
