"""The tables of the demo shop "totesys", each after the tables that it refers to.

Every table has `created_at` and `last_updated`, naive `timestamp(3)` in UTC. The application sets
`last_updated` by its own clock, so it identifies a version of a row but gives no order.
"""

from hedgehog_pipeline.model.columns import (
    BOOLEAN,
    INTEGER,
    MONEY,
    NAIVE_TIMESTAMP,
    TEXT_DATE,
    Column,
)
from hedgehog_pipeline.model.source_columns import key, reference, text
from hedgehog_pipeline.model.tables import SourceTable

_CREATED = Column(
    "created_at", NAIVE_TIMESTAMP, "When the row was made, by the database's clock (UTC)."
)
_UPDATED = Column(
    "last_updated",
    NAIVE_TIMESTAMP,
    "When the row was last changed, by the application's clock (UTC).",
)
_STAMPS = (_CREATED, _UPDATED)


_AGREED = (
    Column("agreed_delivery_date", TEXT_DATE, "Day of delivery as agreed."),
    Column("agreed_payment_date", TEXT_DATE, "Day of payment as agreed."),
    reference("agreed_delivery_location_id", "address"),
)

TABLES = (
    SourceTable(
        "address",
        "Addresses of counterparties and of deliveries.",
        (
            key("address_id", "address"),
            text("address_line_1", "First line."),
            text("address_line_2", "Second line.", nullable=True),
            text("district", "District.", nullable=True),
            text("city", "City."),
            text("postal_code", "Postal code."),
            text("country", "Country, by its English name."),
            text("phone", "Telephone number."),
            *_STAMPS,
        ),
    ),
    SourceTable(
        "currency",
        "Currencies that the shop trades in.",
        (
            key("currency_id", "currency"),
            text("currency_code", "ISO 4217 code of three letters."),
            *_STAMPS,
        ),
    ),
    SourceTable(
        "department",
        "Departments of the shop.",
        (
            key("department_id", "department"),
            text("department_name", "Name."),
            text("location", "Town of its office.", nullable=True),
            text("manager", "Name of its manager.", nullable=True),
            *_STAMPS,
        ),
    ),
    SourceTable(
        "design",
        "Designs of the totes that are sold.",
        (
            key("design_id", "design"),
            _CREATED,
            text("design_name", "Name."),
            text("file_location", "Folder of the design's file."),
            text("file_name", "Name of the design's file."),
            _UPDATED,
        ),
    ),
    SourceTable(
        "payment_type",
        "Kinds of payment.",
        (
            key("payment_type_id", "kind of payment"),
            text("payment_type_name", "SALES_RECEIPT, SALES_REFUND, PURCHASE_PAYMENT, ..."),
            *_STAMPS,
        ),
    ),
    SourceTable(
        "counterparty",
        "Customers and suppliers.",
        (
            key("counterparty_id", "counterparty"),
            text("counterparty_legal_name", "Legal name."),
            reference("legal_address_id", "address"),
            text("commercial_contact", "Name of the contact for trade.", nullable=True),
            text("delivery_contact", "Name of the contact for deliveries.", nullable=True),
            *_STAMPS,
        ),
    ),
    SourceTable(
        "staff",
        "Members of the shop's staff.",
        (
            key("staff_id", "member of staff"),
            text("first_name", "Given name."),
            text("last_name", "Family name."),
            reference("department_id", "department"),
            text("email_address", "E-mail address at work."),
            *_STAMPS,
        ),
    ),
    SourceTable(
        "sales_order",
        "Totes sold to counterparties.",
        (
            key("sales_order_id", "sales order"),
            *_STAMPS,
            reference("design_id", "design"),
            reference("staff_id", "staff"),
            reference("counterparty_id", "counterparty"),
            Column("units_sold", INTEGER, "Totes sold."),
            Column("unit_price", MONEY, "Price of one tote, in the order's currency."),
            reference("currency_id", "currency"),
            *_AGREED,
        ),
    ),
    SourceTable(
        "purchase_order",
        "Goods bought from counterparties.",
        (
            key("purchase_order_id", "purchase order"),
            *_STAMPS,
            reference("staff_id", "staff"),
            reference("counterparty_id", "counterparty"),
            text("item_code", "Code of the item bought."),
            Column("item_quantity", INTEGER, "Items bought."),
            Column("item_unit_price", MONEY, "Price of one item, in the order's currency."),
            reference("currency_id", "currency"),
            *_AGREED,
        ),
    ),
    SourceTable(
        "transaction",
        "One entry for each order: a sale or a purchase.",
        (
            key("transaction_id", "transaction"),
            text("transaction_type", "SALE or PURCHASE."),
            reference("sales_order_id", "sales_order", nullable=True),
            reference("purchase_order_id", "purchase_order", nullable=True),
            *_STAMPS,
        ),
    ),
    SourceTable(
        "payment",
        "The payment of each transaction, due or paid.",
        (
            key("payment_id", "payment"),
            *_STAMPS,
            reference("transaction_id", "transaction"),
            reference("counterparty_id", "counterparty"),
            Column("payment_amount", MONEY, "Amount, in the payment's currency."),
            reference("currency_id", "currency"),
            reference("payment_type_id", "payment_type"),
            Column("paid", BOOLEAN, "Whether it has been paid."),
            Column("payment_date", TEXT_DATE, "Day of the payment."),
            Column("company_ac_number", INTEGER, "Account number of the shop."),
            Column("counterparty_ac_number", INTEGER, "Account number of the counterparty."),
        ),
    ),
)
