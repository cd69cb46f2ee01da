"""Compares the warehouse with the shop, in plain SQL on both sides."""

from hedgehog_pipeline_tests.support.world import World

_BOTH = {
    "design": ("design_id, design_name, file_name", "dim_design"),
    "currency": ("currency_id, currency_code", "dim_currency"),
    "payment_type": ("payment_type_id, payment_type_name::text", "dim_payment_type"),
    "transaction": (
        "transaction_id, transaction_type::text, sales_order_id, purchase_order_id",
        "dim_transaction",
    ),
    "staff join department using (department_id)": (
        "staff_id, first_name, email_address, department_name, coalesce(location, 'Not known')",
        "dim_staff",
    ),
    "sales_order": (
        "sales_order_id, units_sold, unit_price, design_id, counterparty_id",
        "fact_sales_order_current",
    ),
    "purchase_order": (
        "purchase_order_id, item_code, item_quantity, item_unit_price",
        "fact_purchase_order_current",
    ),
    "payment": ("payment_id, transaction_id, payment_amount, paid", "fact_payment_current"),
}


def assert_warehouse_has_the_shop(world: World) -> None:
    """Assert that the warehouse has each row of the shop as it is now; deleted rows may remain."""
    for source, (columns, target) in _BOTH.items():
        expected = world.shop.execute(f"select {columns} from {source}".encode()).fetchall()
        loaded = {row[0]: row for row in world.query(f"select {columns} from {target}")}
        assert {row[0]: row for row in expected} == {row[0]: loaded.get(row[0]) for row in expected}


def assert_warehouse_is_the_shop(world: World) -> None:
    """Assert that the warehouse has each row of the shop as it is now, and no other row."""
    for source, (columns, target) in _BOTH.items():
        expected = world.shop.execute(f"select {columns} from {source} order by 1".encode())
        assert world.query(f"select {columns} from {target} order by 1") == expected.fetchall()
