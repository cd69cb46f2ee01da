"""The star schema of totesys: the facts (sales, purchases, payments) share their dimensions."""

from hedgehog_pipeline.model.columns import AMOUNT, BOOLEAN, INTEGER, MONEY, TEXT, TIME, Column
from hedgehog_pipeline.model.star_columns import column, day, days, key, like, reference
from hedgehog_pipeline.model.tables import NOT_KNOWN, Dimension, Fact


def _stamps(table: str) -> tuple[Column, ...]:
    created, updated = f"{table}.created_at", f"{table}.last_updated"
    return (
        day(created, "dim_date", "UTC day on which the row was made.", name="created_date"),
        column(created, TIME, "UTC time at which it was made.", name="created_time"),
        day(updated, "dim_date", "UTC day of this version.", name="last_updated_date"),
        column(updated, TIME, "UTC time of this version.", name="last_updated_time"),
    )


_VERSION = ("last_updated_date", "last_updated_time")

MENTIONS = tuple(
    f"{table}.{name}"
    for table, columns in (
        ("sales_order", ("agreed_delivery_date", "agreed_payment_date")),
        ("purchase_order", ("agreed_delivery_date", "agreed_payment_date")),
        ("payment", ("payment_date",)),
    )
    for name in ("created_at", "last_updated", *columns)
)


_ADDRESS = (
    ("address_line_1", "First line of the address.", False),
    ("address_line_2", "Second line of the address.", True),
    ("district", "District.", True),
    ("city", "City.", False),
    ("postal_code", "Postal code.", False),
    ("country", "Country, by its English name.", False),
)

TABLES: tuple[Dimension | Fact, ...] = (
    Dimension(
        "dim_date",
        "A day that a fact mentions.",
        days(MENTIONS),
        inputs=("sales_order", "purchase_order", "payment"),
    ),
    Dimension(
        "dim_staff",
        "A member of staff with their current department.",
        (
            key("staff.staff_id", "Key of the member of staff."),
            like("staff.first_name", "Given name."),
            like("staff.last_name", "Family name."),
            like("department.department_name", "Name of the department."),
            like("department.location", f"Town of the department, or '{NOT_KNOWN}'."),
            like("staff.email_address", "E-mail address at work."),
        ),
        inputs=("staff", "department"),
        as_of=True,
    ),
    Dimension(
        "dim_location",
        "An address that orders are delivered to.",
        (
            key("address.address_id", "Key of the address.", name="location_id"),
            *(like(f"address.{n}", text, nullable=null) for n, text, null in _ADDRESS),
            like("address.phone", "Telephone number."),
        ),
        inputs=("address",),
    ),
    Dimension(
        "dim_currency",
        "A currency.",
        (
            key("currency.currency_id", "Key of the currency."),
            like("currency.currency_code", "ISO 4217 code."),
            like("currency.currency_code", "ISO 4217 name.", name="currency_name"),
        ),
        inputs=("currency",),
    ),
    Dimension(
        "dim_design",
        "A design of a tote.",
        (
            key("design.design_id", "Key of the design."),
            like("design.design_name", "Name."),
            like("design.file_location", "Folder of the design's file."),
            like("design.file_name", "Name of the design's file."),
        ),
        inputs=("design",),
    ),
    Dimension(
        "dim_counterparty",
        "A customer or supplier with its current legal address.",
        (
            key("counterparty.counterparty_id", "Key of the counterparty."),
            like("counterparty.counterparty_legal_name", "Legal name."),
            *(
                like(f"address.{n}", text, name=f"counterparty_legal_{n}", nullable=null)
                for n, text, null in _ADDRESS
            ),
            like("address.phone", "Telephone.", name="counterparty_legal_phone_number"),
        ),
        inputs=("counterparty", "address"),
        as_of=True,
    ),
    Dimension(
        "dim_payment_type",
        "A kind of payment.",
        (
            key("payment_type.payment_type_id", "Key of the kind of payment."),
            like("payment_type.payment_type_name", "Its name."),
        ),
        inputs=("payment_type",),
    ),
    Dimension(
        "dim_transaction",
        "A sale or a purchase.",
        (
            key("transaction.transaction_id", "Key of the transaction."),
            like("transaction.transaction_type", "SALE or PURCHASE."),
            column(
                "transaction.sales_order_id",
                INTEGER,
                "The sales order, if it is a sale.",
                nullable=True,
            ),
            column(
                "transaction.purchase_order_id",
                INTEGER,
                "The purchase order, if it is a purchase.",
                nullable=True,
            ),
        ),
        inputs=("transaction",),
    ),
    Fact(
        "fact_sales_order",
        "A version of a sales order.",
        (
            key("sales_order.sales_order_id", "Key of the sales order."),
            *_stamps("sales_order"),
            reference("sales_order.staff_id", "dim_staff", name="sales_staff_id"),
            reference("sales_order.counterparty_id", "dim_counterparty"),
            column("sales_order.units_sold", INTEGER, "Totes sold."),
            column("sales_order.unit_price", MONEY, "Price of one tote, in the order's currency."),
            reference("sales_order.currency_id", "dim_currency"),
            reference("sales_order.design_id", "dim_design"),
            day("sales_order.agreed_payment_date", "dim_date", "Day of payment as agreed."),
            day("sales_order.agreed_delivery_date", "dim_date", "Day of delivery as agreed."),
            reference("sales_order.agreed_delivery_location_id", "dim_location"),
        ),
        inputs=("sales_order",),
        serial="sales_record_id",
        version=_VERSION,
    ),
    Fact(
        "fact_purchase_order",
        "A version of a purchase order.",
        (
            key("purchase_order.purchase_order_id", "Key of the purchase order."),
            *_stamps("purchase_order"),
            reference("purchase_order.staff_id", "dim_staff"),
            reference("purchase_order.counterparty_id", "dim_counterparty"),
            column("purchase_order.item_code", TEXT, "Code of the item."),
            column("purchase_order.item_quantity", INTEGER, "Items bought."),
            column(
                "purchase_order.item_unit_price",
                AMOUNT,
                "Price of one item, in the order's currency.",
            ),
            reference("purchase_order.currency_id", "dim_currency"),
            day("purchase_order.agreed_delivery_date", "dim_date", "Day of delivery as agreed."),
            day("purchase_order.agreed_payment_date", "dim_date", "Day of payment as agreed."),
            reference("purchase_order.agreed_delivery_location_id", "dim_location"),
        ),
        inputs=("purchase_order",),
        serial="purchase_record_id",
        version=_VERSION,
    ),
    Fact(
        "fact_payment",
        "A version of a payment.",
        (
            key("payment.payment_id", "Key of the payment."),
            *_stamps("payment"),
            reference("payment.transaction_id", "dim_transaction"),
            reference("payment.counterparty_id", "dim_counterparty"),
            column("payment.payment_amount", AMOUNT, "Amount, in the payment's currency."),
            reference("payment.currency_id", "dim_currency"),
            reference("payment.payment_type_id", "dim_payment_type"),
            column("payment.paid", BOOLEAN, "Whether it has been paid."),
            day("payment.payment_date", "dim_date", "Day of the payment."),
        ),
        inputs=("payment",),
        serial="payment_record_id",
        version=_VERSION,
    ),
)
