"""The queries of the report: one SQL query for each chapter.

They read the current rows (`..._current`). With the foreign keys each inner join finds a row.
Amounts are exact, and amounts of different currencies are never added.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from psycopg import Connection, sql
from psycopg.rows import class_row

from hedgehog_pipeline.model.tables import NOT_KNOWN

PLACES = 10
"""How many designs are listed."""

SELLERS = 5
"""How many members of staff are listed in each currency."""

COUNTRIES = 11
"""How many countries are listed; all others are one row."""

OTHER_COUNTRIES = "Other countries"

RECEIVABLE = "receivable"
PAYABLE = "payable"

AGES = (
    "Not due yet",
    "1 to 30 days late",
    "31 to 60 days late",
    "61 to 90 days late",
    "More than 90 days late",
)
"""How late a payment is, in the classes of an accounting ageing report."""

_LATEST = sql.SQL(
    """
    select * from (
        select *, date_trunc('month', created_date)::date as month,
               max(created_date) over () as newest
        from fact_sales_order_current) as dated
    where month > newest - interval '12 months'
    """
)
"""The sales orders of the latest twelve months: the month of the newest order and eleven before."""

_REVENUE = sql.SQL(
    """
    select month, currency_code as currency, count(*) as orders,
           sum(units_sold * unit_price) as revenue
    from ({latest}) as sales join dim_currency using (currency_id)
    group by month, currency_code
    order by month, currency_code
    """
).format(latest=_LATEST)

_DESIGNS = sql.SQL(
    """
    select row_number() over (order by sum(units_sold) desc, design_id)::int as place,
           design_name as design, count(*) as orders, sum(units_sold) as totes
    from ({latest}) as sales join dim_design using (design_id)
    group by design_id, design_name
    order by place limit {places}
    """
).format(latest=_LATEST, places=sql.Literal(PLACES))

_STAFF = sql.SQL(
    """
    select * from (
        select currency_code as currency,
               row_number() over (
                   partition by currency_code
                   order by sum(units_sold * unit_price) desc, staff_id)::int as place,
               concat_ws(' ', first_name, last_name) as seller, department_name as department,
               count(*) as orders, sum(units_sold * unit_price) as revenue
        from ({latest}) as sales join dim_currency using (currency_id)
        join dim_staff on staff_id = sales_staff_id
        group by currency_code, staff_id, first_name, last_name, department_name) as league
    where place <= {sellers}
    order by currency, place
    """
).format(latest=_LATEST, sellers=sql.Literal(SELLERS))

_OUTSTANDING = sql.SQL(
    """
    select currency_code as currency, direction, age, count(*) as payments,
           sum(payment_amount) as amount
    from (
        select *,
               case when payment_type_name in ('SALES_RECEIPT', 'PURCHASE_REFUND') then {receivable}
                    when payment_type_name in ('PURCHASE_PAYMENT', 'SALES_REFUND') then {payable}
                    else {unknown} end as direction,
               width_bucket(%(today)s - payment_date, array[1, 31, 61, 91]) as age
        from fact_payment_current join dim_payment_type using (payment_type_id)
        where not paid) as unpaid
    join dim_currency using (currency_id)
    group by currency_code, direction, age
    order by currency_code, direction desc, age
    """
).format(
    receivable=sql.Literal(RECEIVABLE), payable=sql.Literal(PAYABLE), unknown=sql.Literal(NOT_KNOWN)
)

_COUNTRIES = sql.SQL(
    """
    select case when place <= {named} then country else {others} end as country,
           sum(orders)::bigint as orders, sum(totes)::bigint as totes
    from (
        select country, count(*) as orders, sum(units_sold) as totes,
               row_number() over (order by count(*) desc, country) as place
        from ({latest}) as sales join dim_location on location_id = agreed_delivery_location_id
        group by country) as counted
    group by 1
    order by min(place)
    """
).format(latest=_LATEST, named=sql.Literal(COUNTRIES), others=sql.Literal(OTHER_COUNTRIES))


class Revenue(NamedTuple):
    """The revenue of a month in a currency.

    Attributes:
        month: the first day of the month in which the orders were created, UTC.
        currency: ISO 4217 code.
        orders: the number of sales orders.
        revenue: units sold times unit price.
    """

    month: date
    currency: str
    orders: int
    revenue: Decimal


class Design(NamedTuple):
    """How well a design sold.

    Attributes:
        place: the rank by totes sold, from 1.
        design: the name, which is not unique.
        orders: the number of sales orders.
        totes: the number of totes sold.
    """

    place: int
    design: str
    orders: int
    totes: int


class Seller(NamedTuple):
    """The sales of a member of staff in a currency.

    Attributes:
        currency: ISO 4217 code.
        place: the rank by revenue in this currency, from 1.
        seller: first and last name.
        department: the current one.
        orders: the number of sales orders.
        revenue: units sold times unit price.
    """

    currency: str
    place: int
    seller: str
    department: str
    orders: int
    revenue: Decimal


class Outstanding(NamedTuple):
    """The unpaid payments in a currency, direction and age.

    Attributes:
        currency: ISO 4217 code.
        direction: `RECEIVABLE` for sales and refunded purchases, `PAYABLE` for purchases and
            refunded sales, `NOT_KNOWN` if the payment type is not loaded yet.
        age: index in `AGES`, by the days since the payment was due.
        payments: the number of payments.
        amount: their sum.
    """

    currency: str
    direction: str
    age: int
    payments: int
    amount: Decimal


class Country(NamedTuple):
    """The sales orders that are delivered to a country.

    Attributes:
        country: the English name, or `OTHER_COUNTRIES`.
        orders: the number of sales orders.
        totes: the number of totes in these orders.
    """

    country: str
    orders: int
    totes: int


def revenue_by_month(connection: Connection) -> list[Revenue]:
    """Return the revenue by month and currency, for the latest twelve months."""
    return connection.cursor(row_factory=class_row(Revenue)).execute(_REVENUE).fetchall()


def best_designs(connection: Connection) -> list[Design]:
    """Return the designs of which most totes were sold, for the latest twelve months."""
    return connection.cursor(row_factory=class_row(Design)).execute(_DESIGNS).fetchall()


def staff_league(connection: Connection) -> list[Seller]:
    """Return the staff with most revenue in each currency, for the latest twelve months."""
    return connection.cursor(row_factory=class_row(Seller)).execute(_STAFF).fetchall()


def outstanding_payments(connection: Connection, today: date) -> list[Outstanding]:
    """Return the unpaid payments by currency, direction and age.

    Args:
        today: the day in UTC for which the age is computed.
    """
    cursor = connection.cursor(row_factory=class_row(Outstanding))
    return cursor.execute(_OUTSTANDING, {"today": today}).fetchall()


def orders_by_country(connection: Connection) -> list[Country]:
    """Return the sales orders by country of delivery, for the latest twelve months."""
    return connection.cursor(row_factory=class_row(Country)).execute(_COUNTRIES).fetchall()
