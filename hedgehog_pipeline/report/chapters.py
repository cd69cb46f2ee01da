"""The chapters of the report: each answer in words, as a table and as a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hedgehog_pipeline.report.charts import (
    Chart,
    chart_countries,
    chart_designs,
    chart_outstanding,
    chart_revenue,
    chart_staff,
)
from hedgehog_pipeline.report.queries import (
    AGES,
    Country,
    Design,
    Outstanding,
    Revenue,
    Seller,
)
from hedgehog_pipeline.report.sentences import (
    tell_countries,
    tell_designs,
    tell_outstanding,
    tell_revenue,
    tell_staff,
)

_LATEST = "Of the latest twelve months."
Cell = str | int | Decimal


@dataclass(frozen=True)
class Chapter:
    """A question and its answer.

    Attributes:
        name: of its asset, and its place in the page.
        title: the heading.
        scope: which rows are counted.
        summary: the answer in sentences, its figures among them.
        columns: the headings of its table.
        rows: the table: texts, counts, and exact amounts in the currency of their row.
        chart: the picture, None where there are no rows.
        picture: what the picture is of, for who cannot see it.
    """

    name: str
    title: str
    scope: str
    summary: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    chart: Chart | None
    picture: str


def revenue_chapter(rows: Sequence[Revenue]) -> Chapter:
    """Tell the revenue by month and currency, the newest month first."""
    newest_first = sorted(rows, key=lambda row: row.month, reverse=True)
    return Chapter(
        "revenue_by_month",
        "Revenue by month and currency",
        f"Totes times price of all sales orders, by the month of their creation. {_LATEST}",
        tell_revenue(rows),
        ("Month", "Currency", "Orders", "Revenue"),
        [(f"{r.month:%b %Y}", r.currency, r.orders, r.revenue) for r in newest_first],
        chart_revenue(rows) if rows else None,
        "Column chart of the revenue of each month, with a panel for each currency",
    )


def designs_chapter(rows: Sequence[Design]) -> Chapter:
    """Tell the best designs."""
    return Chapter(
        "best_designs",
        "Best designs",
        f"By totes sold, which can be added whatever the currency. {_LATEST}",
        tell_designs(rows),
        ("Place", "Design", "Orders", "Totes"),
        rows,
        chart_designs(rows) if rows else None,
        "Bar chart of the totes sold of each design",
    )


def staff_chapter(rows: Sequence[Seller]) -> Chapter:
    """Tell who sold most."""
    return Chapter(
        "staff_league",
        "Staff league",
        f"By revenue, in each currency for itself. {_LATEST}",
        tell_staff(rows),
        ("Currency", "Name, department", "Orders", "Revenue"),
        [(r.currency, f"{r.place}. {r.seller}, {r.department}", r.orders, r.revenue) for r in rows],
        chart_staff(rows) if rows else None,
        "Bar chart of the revenue of each member of staff, with a panel for each currency",
    )


def outstanding_chapter(rows: Sequence[Outstanding], today: date) -> Chapter:
    """Tell what is not paid yet."""
    return Chapter(
        "outstanding_payments",
        "Outstanding payments",
        f"All payments that are not paid, by how late they are on {today.day} {today:%B %Y}. "
        "Receivable are sales and refunded purchases, payable are purchases and refunded sales.",
        tell_outstanding(rows),
        ("Currency", "Due", "Payments", "Amount"),
        [(r.currency, f"{AGES[r.age]}, {r.direction}", r.payments, r.amount) for r in rows],
        chart_outstanding(rows) if rows else None,
        "Bar chart of the unpaid amounts by how late they are, with a panel for each currency",
    )


def countries_chapter(rows: Sequence[Country]) -> Chapter:
    """Tell where orders go."""
    return Chapter(
        "orders_by_country",
        "Orders by country of delivery",
        f"Sales orders, by the country of the agreed delivery address. {_LATEST}",
        tell_countries(rows),
        ("Country", "Orders", "Totes"),
        rows,
        chart_countries(rows) if rows else None,
        "Bar chart of the sales orders that go to each country that is named",
    )
