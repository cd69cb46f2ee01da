"""The warehouse's tables: a star per fact (sales, purchases, payments) on shared dimensions.

A dimension holds the newest row of each key; a fact holds every version of a row that was
captured. Dimensions stand before the facts that refer to them.
"""

from dataclasses import dataclass

import pyarrow as pa

from hedgehog_pipeline.schema.columns import (
    AMOUNT,
    BIGINT,
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    TEXT,
    TIME,
    Column,
    arrow_schema,
)

NOT_KNOWN = "Not known"
"""Stands in a column that must hold text where the shop says nothing."""

INGESTION_COMMIT = Column("ingestion_commit", BIGINT, "Number of the capture that saw the row.")
PROCESSED_COMMIT = Column("processed_commit", BIGINT, "Number of the processing that shaped it.")
DELETED = Column("deleted", BOOLEAN, "Whether the shop holds the row no more.", default="false")


@dataclass(frozen=True)
class StarTable:
    """What dimensions and facts have in common.

    Attributes:
        name: its name in the warehouse and in the lake.
        description: what a row is.
        columns: the columns that analysts query; the first is the key in the shop's terms.
        inputs: the shop's tables that it is made of.
        as_of: whether its rows join all inputs as they stood at a commit, rather than coming
            from the rows of each input alone.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    inputs: tuple[str, ...]
    as_of: bool = False

    @property
    def key(self) -> Column:
        """The column of the key."""
        return self.columns[0]

    @property
    def subject(self) -> str | None:
        """The shop's table whose rows it describes one for one; none where it has several."""
        return self.inputs[0] if self.as_of or len(self.inputs) == 1 else None

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that tell one row from another."""
        return (self.key.name,)

    @property
    def landed_columns(self) -> tuple[Column, ...]:
        """The columns of its Parquet parts: its own, and the commit that saw each row."""
        return (*self.columns, INGESTION_COMMIT)

    @property
    def arrow(self) -> pa.Schema:
        """The schema of its Parquet parts."""
        return arrow_schema(self.landed_columns)


@dataclass(frozen=True)
class Dimension(StarTable):
    """A dimension: one row for each key, the newest; what the shop deleted stays, marked."""

    @property
    def landed_columns(self) -> tuple[Column, ...]:
        """The columns of its Parquet parts: also whether the shop deleted the row."""
        return (*super().landed_columns, DELETED)


@dataclass(frozen=True)
class Fact(StarTable):
    """A fact: a row for each version (key and `last_updated`) of a row of the shop.

    Attributes:
        serial: the warehouse's own serial key.
    """

    serial: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """The key and the moment of the last change."""
        return (self.key.name, "last_updated_date", "last_updated_time")


def _like(
    source: str, description: str, *, name: str = "", nullable: bool = False, unknown: bool = True
) -> Column:
    """Declare a text column that holds a column of the shop."""
    filler = f"'{NOT_KNOWN}'" if unknown and not nullable else None
    name = name or source.partition(".")[2]
    return Column(name, TEXT, description, nullable, sources=(source,), unknown=filler)


def _key(source: str, description: str) -> Column:
    return Column(source.partition(".")[2], INTEGER, description, sources=(source,))


def _reference(source: str, dimension: str, *, name: str = "") -> Column:
    column = source.partition(".")[2]
    return Column(
        name or column, INTEGER, f"Key in {dimension}.", references=dimension, sources=(source,)
    )


def _day(source: str, description: str, *, name: str = "") -> Column:
    column = source.partition(".")[2]
    return Column(name or column, DATE, description, references="dim_date", sources=(source,))


def _stamps(table: str) -> tuple[Column, ...]:
    created, updated = f"{table}.created_at", f"{table}.last_updated"
    return (
        _day(created, "UTC day on which the row was made.", name="created_date"),
        Column("created_time", TIME, "UTC time at which it was made.", sources=(created,)),
        _day(updated, "UTC day of this version.", name="last_updated_date"),
        Column("last_updated_time", TIME, "UTC time of this version.", sources=(updated,)),
    )


_MENTIONS = tuple(
    f"{table}.{column}"
    for table, columns in (
        ("sales_order", ("agreed_delivery_date", "agreed_payment_date")),
        ("purchase_order", ("agreed_delivery_date", "agreed_payment_date")),
        ("payment", ("payment_date",)),
    )
    for column in ("created_at", "last_updated", *columns)
)


def _of_date(name: str, description: str, sql: str, *, text: bool = False) -> Column:
    kind = TEXT if text else INTEGER
    return Column(name, kind, description, sources=_MENTIONS, unknown=sql)


_ADDRESS = (
    ("address_line_1", "First line of the address.", False),
    ("address_line_2", "Second line of the address.", True),
    ("district", "District.", True),
    ("city", "City.", False),
    ("postal_code", "Postal code.", False),
    ("country", "Country, by its English name.", False),
)

_TABLES: tuple[Dimension | Fact, ...] = (
    Dimension(
        "dim_date",
        "A day that a fact mentions.",
        (
            Column("date_id", DATE, "The day.", sources=_MENTIONS),
            _of_date("year", "Year.", "extract(year from date_id)"),
            _of_date("month", "Month, 1 to 12.", "extract(month from date_id)"),
            _of_date("day", "Day of the month.", "extract(day from date_id)"),
            _of_date("day_of_week", "ISO 8601 weekday, Monday 1.", "extract(isodow from date_id)"),
            _of_date("day_name", "English weekday.", "to_char(date_id, 'FMDay')", text=True),
            _of_date("month_name", "English month.", "to_char(date_id, 'FMMonth')", text=True),
            _of_date("quarter", "Quarter, 1 to 4.", "extract(quarter from date_id)"),
        ),
        inputs=("sales_order", "purchase_order", "payment"),
    ),
    Dimension(
        "dim_staff",
        "A member of staff with the department of today.",
        (
            _key("staff.staff_id", "Key of the member of staff."),
            _like("staff.first_name", "Given name."),
            _like("staff.last_name", "Family name."),
            _like("department.department_name", "Name of the department."),
            _like("department.location", f"Town of the department, or '{NOT_KNOWN}'."),
            _like("staff.email_address", "E-mail address at work."),
        ),
        inputs=("staff", "department"),
        as_of=True,
    ),
    Dimension(
        "dim_location",
        "An address that orders are delivered to.",
        (
            Column("location_id", INTEGER, "Key of the address.", sources=("address.address_id",)),
            *(_like(f"address.{n}", text, nullable=null) for n, text, null in _ADDRESS),
            _like("address.phone", "Telephone number."),
        ),
        inputs=("address",),
    ),
    Dimension(
        "dim_currency",
        "A currency.",
        (
            _key("currency.currency_id", "Key of the currency."),
            _like("currency.currency_code", "ISO 4217 code."),
            _like("currency.currency_code", "ISO 4217 name.", name="currency_name"),
        ),
        inputs=("currency",),
    ),
    Dimension(
        "dim_design",
        "A design of a tote.",
        (
            _key("design.design_id", "Key of the design."),
            _like("design.design_name", "Name."),
            _like("design.file_location", "Folder of the design's file."),
            _like("design.file_name", "Name of the design's file."),
        ),
        inputs=("design",),
    ),
    Dimension(
        "dim_counterparty",
        "A customer or supplier with the legal address of today.",
        (
            _key("counterparty.counterparty_id", "Key of the counterparty."),
            _like("counterparty.counterparty_legal_name", "Legal name."),
            *(
                _like(f"address.{n}", text, name=f"counterparty_legal_{n}", nullable=null)
                for n, text, null in _ADDRESS
            ),
            _like("address.phone", "Telephone.", name="counterparty_legal_phone_number"),
        ),
        inputs=("counterparty", "address"),
        as_of=True,
    ),
    Dimension(
        "dim_payment_type",
        "A kind of payment.",
        (
            _key("payment_type.payment_type_id", "Key of the kind of payment."),
            _like("payment_type.payment_type_name", "Its name."),
        ),
        inputs=("payment_type",),
    ),
    Dimension(
        "dim_transaction",
        "A sale or a purchase.",
        (
            _key("transaction.transaction_id", "Key of the transaction."),
            _like("transaction.transaction_type", "SALE or PURCHASE."),
            Column(
                "sales_order_id",
                INTEGER,
                "The sales order, where it is a sale.",
                nullable=True,
                sources=("transaction.sales_order_id",),
            ),
            Column(
                "purchase_order_id",
                INTEGER,
                "The purchase order, where it is a purchase.",
                nullable=True,
                sources=("transaction.purchase_order_id",),
            ),
        ),
        inputs=("transaction",),
    ),
    Fact(
        "fact_sales_order",
        "A version of a sales order.",
        (
            _key("sales_order.sales_order_id", "Key of the sales order."),
            *_stamps("sales_order"),
            _reference("sales_order.staff_id", "dim_staff", name="sales_staff_id"),
            _reference("sales_order.counterparty_id", "dim_counterparty"),
            Column("units_sold", INTEGER, "Totes sold.", sources=("sales_order.units_sold",)),
            Column(
                "unit_price",
                MONEY,
                "Price of one tote, in the order's currency.",
                sources=("sales_order.unit_price",),
            ),
            _reference("sales_order.currency_id", "dim_currency"),
            _reference("sales_order.design_id", "dim_design"),
            _day("sales_order.agreed_payment_date", "Day of payment as agreed."),
            _day("sales_order.agreed_delivery_date", "Day of delivery as agreed."),
            _reference("sales_order.agreed_delivery_location_id", "dim_location"),
        ),
        inputs=("sales_order",),
        serial="sales_record_id",
    ),
    Fact(
        "fact_purchase_order",
        "A version of a purchase order.",
        (
            _key("purchase_order.purchase_order_id", "Key of the purchase order."),
            *_stamps("purchase_order"),
            _reference("purchase_order.staff_id", "dim_staff"),
            _reference("purchase_order.counterparty_id", "dim_counterparty"),
            Column("item_code", TEXT, "Code of the item.", sources=("purchase_order.item_code",)),
            Column(
                "item_quantity",
                INTEGER,
                "Items bought.",
                sources=("purchase_order.item_quantity",),
            ),
            Column(
                "item_unit_price",
                AMOUNT,
                "Price of one item, in the order's currency.",
                sources=("purchase_order.item_unit_price",),
            ),
            _reference("purchase_order.currency_id", "dim_currency"),
            _day("purchase_order.agreed_delivery_date", "Day of delivery as agreed."),
            _day("purchase_order.agreed_payment_date", "Day of payment as agreed."),
            _reference("purchase_order.agreed_delivery_location_id", "dim_location"),
        ),
        inputs=("purchase_order",),
        serial="purchase_record_id",
    ),
    Fact(
        "fact_payment",
        "A version of a payment.",
        (
            _key("payment.payment_id", "Key of the payment."),
            *_stamps("payment"),
            _reference("payment.transaction_id", "dim_transaction"),
            _reference("payment.counterparty_id", "dim_counterparty"),
            Column(
                "payment_amount",
                AMOUNT,
                "Amount, in the payment's currency.",
                sources=("payment.payment_amount",),
            ),
            _reference("payment.currency_id", "dim_currency"),
            _reference("payment.payment_type_id", "dim_payment_type"),
            Column("paid", BOOLEAN, "Whether it has been paid.", sources=("payment.paid",)),
            _day("payment.payment_date", "Day of the payment."),
        ),
        inputs=("payment",),
        serial="payment_record_id",
    ),
)

STAR: dict[str, Dimension | Fact] = {table.name: table for table in _TABLES}
