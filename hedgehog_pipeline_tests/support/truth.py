"""The expected contents of the warehouse, computed from the shop by handwritten SQL."""

from collections import Counter
from pathlib import Path
from typing import Any

from hedgehog_pipeline_tests.support.world import World

STAR_SQL = Path(__file__).with_name("sample_star.sql").read_bytes()
TABLES = (
    "dim_date",
    "dim_staff",
    "dim_location",
    "dim_currency",
    "dim_design",
    "dim_counterparty",
    "dim_payment_type",
    "dim_transaction",
    "fact_sales_order",
    "fact_purchase_order",
    "fact_payment",
)


def differences(world: World) -> dict[str, tuple[Counter[Any], Counter[Any]]]:
    """Return, per table that differs, the missing rows and the unexpected ones.

    Only for a shop in which no order and no payment has changed since the initial load.
    """
    found: dict[str, tuple[Counter[Any], Counter[Any]]] = {}
    with world.connect() as shop:
        shop.execute(STAR_SQL)
        for table in TABLES:
            expected = shop.execute(f"select * from pg_temp.{table}".encode())
            columns = ", ".join(column.name for column in expected.description or ())
            wanted = Counter(expected.fetchall())
            actual = Counter(world.query(f"select {columns} from {table}"))
            assert wanted, f"The shop of this test has no rows for {table}."
            if actual != wanted:
                found[table] = (wanted - actual, actual - wanted)
    return found
