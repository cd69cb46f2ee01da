"""The charts of the report."""

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
from hedgehog_pipeline.report.pictures import Picture
from hedgehog_pipeline.report.queries import Country, Design, Outstanding, Revenue, Seller

_REVENUES = [
    Revenue(date(2025, 11, 1), "EUR", 2, Decimal("10.50")),
    Revenue(date(2026, 1, 1), "EUR", 1, Decimal("3.25")),
    Revenue(date(2026, 1, 1), "GBP", 1, Decimal("99.99")),
]


def _drawn(chart: Chart) -> str:
    return Picture.of(chart).light


def test_each_currency_has_its_own_panel_and_scale():
    sellers = [Seller(c, 1, "Ann Ox", "Sales", 1, Decimal(7)) for c in ("EUR", "GBP")]
    unpaid = [Outstanding(c, "payable", 0, 1, Decimal(7)) for c in ("EUR", "GBP")]
    for chart in (chart_revenue(_REVENUES), chart_staff(sellers), chart_outstanding(unpaid)):
        fields = chart.to_dict()
        assert fields["facet"]["field"] == "currency"
        assert fields["resolve"]["scale"] == {"x": "independent", "y": "independent"}
        assert all(f">{currency}</text>" in _drawn(chart) for currency in ("EUR", "GBP"))


def test_a_month_without_orders_is_on_the_axis():
    assert ">Dec 25</text>" in _drawn(chart_revenue(_REVENUES))


def test_bars_are_labelled_with_their_values():
    designs = chart_designs([Design(1, "Wooden", 2, 12345), Design(2, "Wooden", 2, 9)])
    assert all(
        f">{text}</text>" in _drawn(designs) for text in ("1. Wooden", "12,345", "2. Wooden")
    )
    unpaid = [
        Outstanding("GBP", direction, 1, 1, Decimal("4321.60"))
        for direction in ("receivable", "payable", "Not known")
    ]
    drawn = _drawn(chart_outstanding(unpaid))
    assert all(f">4,322 {row.direction}</text>" in drawn for row in unpaid)


def test_the_chart_of_countries_omits_other_countries():
    drawn = _drawn(chart_countries([Country("Peru", 3, 9), Country("Other countries", 400, 900)]))
    assert "Peru" in drawn
    assert "Other countries" not in drawn


def test_a_picture_is_drawn_light_dark_and_as_png():
    picture = Picture.of(chart_revenue(_REVENUES))
    assert "#ffffff" in picture.light
    assert "#14191f" in picture.dark
    assert picture.png.startswith(b"\x89PNG")
    assert len(picture.png) < 20_000
