"""The questions of the report, each one SQL query over the warehouse.

They count what the shop holds now (`..._current`). The foreign keys see to it that each join finds
its row. Amounts are exact, and those of different currencies are never added.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from psycopg import Connection, sql
from psycopg.rows import class_row

from hedgehog_pipeline.model.star import NOT_KNOWN

PLACES = 10
"""How many designs are named."""

SELLERS = 5
"""How many members of staff are named in each currency."""

COUNTRIES = 11
"""How many countries are named; the others are counted together."""

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
"""How late a payment is, as the ageing reports of accountants have it."""

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
    """What a month's sales orders are worth in a currency.

    Attributes:
        month: its first day; that of the order's creation, UTC.
        currency: ISO 4217 code.
        orders: how many.
        revenue: totes times price, in the currency.
    """

    month: date
    currency: str
    orders: int
    revenue: Decimal


class Design(NamedTuple):
    """How well a design sold.

    Attributes:
        place: 1 for the one of which most totes were sold; totes have no currency.
        design: its name, which another may have as well.
        orders: how many name it.
        totes: how many were sold.
    """

    place: int
    design: str
    orders: int
    totes: int


class Seller(NamedTuple):
    """What a member of staff sold in a currency.

    Attributes:
        currency: ISO 4217 code.
        place: 1 for the one with the most revenue in this currency.
        seller: given and family name.
        department: of today.
        orders: how many.
        revenue: totes times price, in the currency.
    """

    currency: str
    place: int
    seller: str
    department: str
    orders: int
    revenue: Decimal


class Outstanding(NamedTuple):
    """What is not paid in a currency and as late.

    Attributes:
        currency: ISO 4217 code.
        direction: `RECEIVABLE` for sales and refunded purchases, `PAYABLE` for purchases and
            refunded sales, `NOT_KNOWN` where the kind of payment has not come yet.
        age: place in `AGES`, by the days since it was due.
        payments: how many.
        amount: their sum, in the currency.
    """

    currency: str
    direction: str
    age: int
    payments: int
    amount: Decimal


class Country(NamedTuple):
    """What is delivered to a country.

    Attributes:
        country: its English name, or `OTHER_COUNTRIES` for all that are not named.
        orders: how many sales orders.
        totes: how many they order.
    """

    country: str
    orders: int
    totes: int


def revenue_by_month(connection: Connection) -> list[Revenue]:
    """What were the sales worth, month by month, in each currency?"""
    return connection.cursor(row_factory=class_row(Revenue)).execute(_REVENUE).fetchall()


def best_designs(connection: Connection) -> list[Design]:
    """Of which designs were most totes sold in the latest twelve months?"""
    return connection.cursor(row_factory=class_row(Design)).execute(_DESIGNS).fetchall()


def staff_league(connection: Connection) -> list[Seller]:
    """Who sold most in the latest twelve months, in each currency?"""
    return connection.cursor(row_factory=class_row(Seller)).execute(_STAFF).fetchall()


def outstanding_payments(connection: Connection, today: date) -> list[Outstanding]:
    """What is not paid yet, and how late is it?

    Args:
        connection: to the warehouse.
        today: the UTC day by which it is judged.
    """
    cursor = connection.cursor(row_factory=class_row(Outstanding))
    return cursor.execute(_OUTSTANDING, {"today": today}).fetchall()


def orders_by_country(connection: Connection) -> list[Country]:
    """Where do the sales orders of the latest twelve months go?"""
    return connection.cursor(row_factory=class_row(Country)).execute(_COUNTRIES).fetchall()
