"""The chapters of the report: each has a summary, a table and a chart."""

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
    countries_summary,
    designs_summary,
    outstanding_summary,
    revenue_summary,
    staff_summary,
)

_LATEST = "Latest twelve months only."
Cell = str | int | Decimal


@dataclass(frozen=True)
class Chapter:
    """A question and its answer.

    Attributes:
        name: of its asset, and its anchor in the page.
        title: the heading.
        scope: which rows are counted.
        summary: the answer in sentences, with figures.
        columns: the column headings of the table.
        rows: the cells of the table: texts, counts, and exact amounts in the currency of the row.
        chart: None if there are no rows.
        picture: a description of the chart, for screen readers.
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
    """Return the revenue by month and currency, the newest month first."""
    newest_first = sorted(rows, key=lambda row: row.month, reverse=True)
    return Chapter(
        "revenue_by_month",
        "Revenue by month and currency",
        f"Revenue is units sold times unit price, by the month of the order. {_LATEST}",
        revenue_summary(rows),
        ("Month", "Currency", "Orders", "Revenue"),
        [(f"{r.month:%b %Y}", r.currency, r.orders, r.revenue) for r in newest_first],
        chart_revenue(rows) if rows else None,
        "Column chart of the revenue of each month, with a panel for each currency",
    )


def designs_chapter(rows: Sequence[Design]) -> Chapter:
    """Return the designs that sold best."""
    return Chapter(
        "best_designs",
        "Best designs",
        f"By totes sold, in all currencies together. {_LATEST}",
        designs_summary(rows),
        ("Place", "Design", "Orders", "Totes"),
        rows,
        chart_designs(rows) if rows else None,
        "Bar chart of the totes sold of each design",
    )


def staff_chapter(rows: Sequence[Seller]) -> Chapter:
    """Return the members of staff with the most revenue."""
    return Chapter(
        "staff_league",
        "Staff league",
        f"By revenue, separately for each currency. {_LATEST}",
        staff_summary(rows),
        ("Currency", "Name, department", "Orders", "Revenue"),
        [(r.currency, f"{r.place}. {r.seller}, {r.department}", r.orders, r.revenue) for r in rows],
        chart_staff(rows) if rows else None,
        "Bar chart of the revenue of each member of staff, with a panel for each currency",
    )


def outstanding_chapter(rows: Sequence[Outstanding], today: date) -> Chapter:
    """Return the unpaid amounts by age."""
    return Chapter(
        "outstanding_payments",
        "Outstanding payments",
        f"All unpaid payments, by how late they are on {today.day} {today:%B %Y}. "
        "Sales and refunded purchases are receivable, purchases and refunded sales are payable.",
        outstanding_summary(rows),
        ("Currency", "Due", "Payments", "Amount"),
        [(r.currency, f"{AGES[r.age]}, {r.direction}", r.payments, r.amount) for r in rows],
        chart_outstanding(rows) if rows else None,
        "Bar chart of the unpaid amounts by how late they are, with a panel for each currency",
    )


def countries_chapter(rows: Sequence[Country]) -> Chapter:
    """Return the orders by country of delivery."""
    return Chapter(
        "orders_by_country",
        "Orders by country of delivery",
        f"Sales orders, by the country of the agreed delivery address. {_LATEST}",
        countries_summary(rows),
        ("Country", "Orders", "Totes"),
        rows,
        chart_countries(rows) if rows else None,
        "Bar chart of the sales orders to each country in the table, except other countries",
    )
