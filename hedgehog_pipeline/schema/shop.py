"""The shop's tables ("totesys"), reference tables before those that refer to them.

Every table carries `created_at` and `last_updated`, naive `timestamp(3)` in UTC. The application
stamps `last_updated` with its own clock, so it names a version of a row and orders nothing.
"""

from dataclasses import dataclass

from hedgehog_pipeline.schema.columns import (
    BOOLEAN,
    INTEGER,
    MONEY,
    SHOP_DATE,
    SHOP_TIME,
    TEXT,
    Column,
)


@dataclass(frozen=True)
class ShopTable:
    """A table of the shop: its name, its integer primary key and the columns that the star needs.

    A column that the shop has and this declaration has not is landed all the same.
    """

    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """Name of the primary key's column."""
        return self.columns[0].name


_CREATED = Column("created_at", SHOP_TIME, "When the row was made, by the database's clock (UTC).")
_UPDATED = Column(
    "last_updated", SHOP_TIME, "When the row was last changed, by the application's clock (UTC)."
)
_STAMPS = (_CREATED, _UPDATED)


def _key(name: str, of: str) -> Column:
    return Column(name, INTEGER, f"Key of the {of}, from a sequence of the shop.")


def _reference(name: str, table: str, *, nullable: bool = False) -> Column:
    return Column(name, INTEGER, f"The {table} it refers to.", nullable, references=table)


def _text(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, TEXT, description, nullable)


_AGREED = (
    Column("agreed_delivery_date", SHOP_DATE, "Day of delivery as agreed."),
    Column("agreed_payment_date", SHOP_DATE, "Day of payment as agreed."),
    _reference("agreed_delivery_location_id", "address"),
)

_TABLES = (
    ShopTable(
        "address",
        "Addresses of counterparties and of deliveries.",
        (
            _key("address_id", "address"),
            _text("address_line_1", "First line."),
            _text("address_line_2", "Second line.", nullable=True),
            _text("district", "District.", nullable=True),
            _text("city", "City."),
            _text("postal_code", "Postal code."),
            _text("country", "Country, by its English name."),
            _text("phone", "Telephone number."),
            *_STAMPS,
        ),
    ),
    ShopTable(
        "currency",
        "Currencies that the shop trades in.",
        (
            _key("currency_id", "currency"),
            _text("currency_code", "ISO 4217 code of three letters."),
            *_STAMPS,
        ),
    ),
    ShopTable(
        "department",
        "Departments of the shop.",
        (
            _key("department_id", "department"),
            _text("department_name", "Name."),
            _text("location", "Town of its office.", nullable=True),
            _text("manager", "Name of its manager.", nullable=True),
            *_STAMPS,
        ),
    ),
    ShopTable(
        "design",
        "Designs of the totes that are sold.",
        (
            _key("design_id", "design"),
            _CREATED,
            _text("design_name", "Name."),
            _text("file_location", "Folder of the design's file."),
            _text("file_name", "Name of the design's file."),
            _UPDATED,
        ),
    ),
    ShopTable(
        "payment_type",
        "Kinds of payment.",
        (
            _key("payment_type_id", "kind of payment"),
            _text("payment_type_name", "SALES_RECEIPT, SALES_REFUND, PURCHASE_PAYMENT, ..."),
            *_STAMPS,
        ),
    ),
    ShopTable(
        "counterparty",
        "Customers and suppliers.",
        (
            _key("counterparty_id", "counterparty"),
            _text("counterparty_legal_name", "Legal name."),
            _reference("legal_address_id", "address"),
            _text("commercial_contact", "Name of the contact for trade.", nullable=True),
            _text("delivery_contact", "Name of the contact for deliveries.", nullable=True),
            *_STAMPS,
        ),
    ),
    ShopTable(
        "staff",
        "Members of the shop's staff.",
        (
            _key("staff_id", "member of staff"),
            _text("first_name", "Given name."),
            _text("last_name", "Family name."),
            _reference("department_id", "department"),
            _text("email_address", "E-mail address at work."),
            *_STAMPS,
        ),
    ),
    ShopTable(
        "sales_order",
        "Totes sold to counterparties.",
        (
            _key("sales_order_id", "sales order"),
            *_STAMPS,
            _reference("design_id", "design"),
            _reference("staff_id", "staff"),
            _reference("counterparty_id", "counterparty"),
            Column("units_sold", INTEGER, "Totes sold."),
            Column("unit_price", MONEY, "Price of one tote, in the order's currency."),
            _reference("currency_id", "currency"),
            *_AGREED,
        ),
    ),
    ShopTable(
        "purchase_order",
        "Goods bought from counterparties.",
        (
            _key("purchase_order_id", "purchase order"),
            *_STAMPS,
            _reference("staff_id", "staff"),
            _reference("counterparty_id", "counterparty"),
            _text("item_code", "Code of the item bought."),
            Column("item_quantity", INTEGER, "Items bought."),
            Column("item_unit_price", MONEY, "Price of one item, in the order's currency."),
            _reference("currency_id", "currency"),
            *_AGREED,
        ),
    ),
    ShopTable(
        "transaction",
        "One entry for each order: a sale or a purchase.",
        (
            _key("transaction_id", "transaction"),
            _text("transaction_type", "SALE or PURCHASE."),
            _reference("sales_order_id", "sales_order", nullable=True),
            _reference("purchase_order_id", "purchase_order", nullable=True),
            *_STAMPS,
        ),
    ),
    ShopTable(
        "payment",
        "The payment of each transaction, due or paid.",
        (
            _key("payment_id", "payment"),
            *_STAMPS,
            _reference("transaction_id", "transaction"),
            _reference("counterparty_id", "counterparty"),
            Column("payment_amount", MONEY, "Amount, in the payment's currency."),
            _reference("currency_id", "currency"),
            _reference("payment_type_id", "payment_type"),
            Column("paid", BOOLEAN, "Whether it has been paid."),
            Column("payment_date", SHOP_DATE, "Day of the payment."),
            Column("company_ac_number", INTEGER, "Account number of the shop."),
            Column("counterparty_ac_number", INTEGER, "Account number of the counterparty."),
        ),
    ),
)

SHOP: dict[str, ShopTable] = {table.name: table for table in _TABLES}
