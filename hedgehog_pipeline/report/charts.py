"""The chart of each chapter: a pure function of its rows.

Each currency has its own panel and scale. Each bar is labelled with its value: no information is in
colour alone. Only here amounts become floats.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import altair as alt

from hedgehog_pipeline.model.tables import NOT_KNOWN
from hedgehog_pipeline.report.queries import (
    AGES,
    OTHER_COUNTRIES,
    PAYABLE,
    RECEIVABLE,
    Country,
    Design,
    Outstanding,
    Revenue,
    Seller,
)

_COLUMN_WIDTH = 24
_BAR_HEIGHT = 22
_PAIR_HEIGHT = 38
_LABEL_GAP = 4

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
_Values = Iterable[Mapping[str, Any]]


def chart_revenue(rows: Sequence[Revenue]) -> Chart:
    """Draw a column for each month, a panel for each currency."""
    months = [f"{month:%b %y}" for month in _months(rows[0].month, rows[-1].month)]
    data = _data(
        {"currency": row.currency, "month": f"{row.month:%b %y}", "revenue": float(row.revenue)}
        for row in rows
    )
    bars = alt.Chart(data).mark_bar(size=_COLUMN_WIDTH)
    columns = bars.encode(
        x=alt.X("month:O", title=None, scale=alt.Scale(domain=months)),
        y=alt.Y("revenue:Q", title=None, axis=alt.Axis(format="~s", tickCount=4)),
    )
    return _panels(columns.properties(width=370, height=110))


def chart_designs(rows: Sequence[Design]) -> Chart:
    """Draw a bar for each design, the best first."""
    data = _data(
        {"name": f"{row.place}. {row.design}", "value": row.totes, "label": f"{row.totes:,}"}
        for row in rows
    )
    return _bars(data).properties(width=250)


def chart_staff(rows: Sequence[Seller]) -> Chart:
    """Draw a bar for each member of staff, a panel for each currency, the best first."""
    data = _data(
        {
            "currency": row.currency,
            "name": f"{row.place}. {row.seller}",
            "value": float(row.revenue),
            "label": f"{row.revenue:,.0f}",
        }
        for row in rows
    )
    return _panels(_bars(data).properties(width=200))


def chart_outstanding(rows: Sequence[Outstanding]) -> Chart:
    """Draw a bar for each age and direction, a panel for each currency; payables are paler."""
    directions = (RECEIVABLE, PAYABLE, NOT_KNOWN)
    data = _data(
        {
            "currency": row.currency,
            "name": AGES[row.age],
            "direction": row.direction,
            "value": float(row.amount),
            "label": f"{row.amount:,.0f} {row.direction}",
        }
        for row in rows
    )
    placed = alt.Chart(data, width=140, height=alt.Step(_PAIR_HEIGHT)).encode(
        x=alt.X("value:Q", axis=None),
        y=alt.Y("name:N", title=None, sort=AGES),
        yOffset=alt.YOffset("direction:N", sort=directions),
    )
    filling = alt.Scale(type="ordinal", domain=directions, range=[1, 0.5, 0])
    bars = placed.mark_bar().encode(
        fillOpacity=alt.FillOpacity("direction:N", scale=filling, legend=None)
    )
    labels = placed.mark_text(align="left", dx=_LABEL_GAP).encode(text="label:N")
    return _panels(alt.LayerChart(layer=[bars, labels]))


def chart_countries(rows: Sequence[Country]) -> Chart:
    """Draw a bar for each named country, the one with the most orders first."""
    data = _data(
        {"name": row.country, "value": row.orders, "label": f"{row.orders:,}"}
        for row in rows
        if row.country != OTHER_COUNTRIES
    )
    return _bars(data).properties(width=200)


def _data(values: _Values) -> alt.InlineData:
    return alt.InlineData(values=[dict(value) for value in values])


def _bars(data: alt.InlineData) -> alt.LayerChart:
    """Draw horizontal bars, with the name to the left and the value to the right."""
    placed = alt.Chart(data, height=alt.Step(_BAR_HEIGHT)).encode(
        x=alt.X("value:Q", axis=None), y=alt.Y("name:N", title=None, sort=None)
    )
    labels = placed.mark_text(align="left", dx=_LABEL_GAP).encode(text="label:N")
    return alt.LayerChart(layer=[placed.mark_bar(), labels])


def _panels(chart: alt.Chart | alt.LayerChart) -> alt.FacetChart:
    """Repeat a chart for each currency, each with its own scale."""
    header = alt.Header(title=None, labelOrient="top", labelAnchor="start")
    facet = alt.Facet("currency:N", header=header)
    return chart.facet(facet, columns=1).resolve_scale(x="independent", y="independent")


def _months(first: date, last: date) -> Iterable[date]:
    """Yield the first day of each month, including months without orders."""
    count = (last.year - first.year) * 12 + last.month - first.month
    for offset in range(count + 1):
        year, month = divmod(first.month - 1 + offset, 12)
        yield date(first.year + year, month + 1, 1)
