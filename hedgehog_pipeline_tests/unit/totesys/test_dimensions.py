"""The transforms of the dimensions."""

from datetime import date, datetime, timezone

from hedgehog_pipeline.totesys import dimensions
from hedgehog_pipeline_tests.support.frames import frame, rows_of

_SALES = {"department_id": 1, "department_name": "Sales", "location": "Leeds"}
_HOME = {
    "address_id": 1,
    "address_line_1": "1 Mill Lane",
    "city": "Leeds",
    "postal_code": "LS1",
    "country": "England",
    "phone": "0113",
}
_DAYS = ("date_id", "year", "month", "day", "day_of_week", "day_name", "month_name", "quarter")


def test_staff_have_their_current_department() -> None:
    staff = frame(
        "staff",
        {"staff_id": 1, "department_id": 1, "ingestion_commit": 3},
        {"staff_id": 2, "department_id": 1, "ingestion_commit": 9},
    )
    members = dimensions.dim_staff(staff, frame("department", _SALES | {"ingestion_commit": 5}))
    columns = ("staff_id", "department_name", "location", "ingestion_commit")
    assert rows_of(members, *columns) == [(1, "Sales", "Leeds", 5), (2, "Sales", "Leeds", 9)]


def test_staff_without_department_or_location_are_kept() -> None:
    staff = frame("staff", {"staff_id": 1, "department_id": 1}, {"staff_id": 2, "department_id": 8})
    homeless = frame("department", _SALES | {"location": None})
    columns = ("staff_id", "department_name", "location", "ingestion_commit")
    kept = [(1, "Sales", "Not known", 1), (2, "Not known", "Not known", 1)]
    assert rows_of(dimensions.dim_staff(staff, homeless), *columns) == kept
    alone = rows_of(dimensions.dim_staff(staff, frame("department")), *columns)
    assert alone == [(key, "Not known", "Not known", 1) for key in (1, 2)]
    assert rows_of(dimensions.dim_staff(frame("staff"), homeless), *columns) == []


def test_counterparties_have_their_legal_address() -> None:
    parties = frame(
        "counterparty",
        {"counterparty_id": 1, "legal_address_id": 1, "ingestion_commit": 2},
        {"counterparty_id": 2, "legal_address_id": 7},
    )
    found = dimensions.dim_counterparty(parties, frame("address", _HOME | {"district": ""}))
    legal = ("line_1", "line_2", "district", "city", "postal_code", "country", "phone_number")
    places = {"line_1": "address_line_1", "line_2": "address_line_2"}
    columns = [f"counterparty_legal_{places.get(name, name)}" for name in legal]
    assert rows_of(found, "counterparty_id", *columns, "ingestion_commit") == [
        (1, "1 Mill Lane", None, "", "Leeds", "LS1", "England", "0113", 2),
        (2, "Not known", None, None, *["Not known"] * 4, 1),
    ]


def test_addresses_become_delivery_locations() -> None:
    places = dimensions.dim_location(frame("address", _HOME))
    assert rows_of(places, "location_id", "city", "phone") == [(1, "Leeds", "0113")]


def test_currencies_have_their_iso_names() -> None:
    codes = ("GBP", "USD", "EUR", "JPY", "XYZ", "gbp")
    rows = [{"currency_id": n, "currency_code": code} for n, code in enumerate(codes)]
    names = rows_of(dimensions.dim_currency(frame("currency", *rows)), "currency_name")
    assert [name for (name,) in names[:4]] == ["Pound Sterling", "US Dollar", "Euro", "Yen"]
    assert names[4] == ("Not known",)


def test_each_day_in_the_rows_gets_one_row() -> None:
    orders = frame(
        "sales_order",
        {
            "sales_order_id": 1,
            "created_at": datetime(2025, 12, 31, 23, 59, 59, 999000, timezone.utc),
            "last_updated": datetime(2026, 1, 1, tzinfo=timezone.utc),
            "agreed_delivery_date": date(2028, 2, 29),
            "agreed_payment_date": date(2026, 1, 1),
            "ingestion_commit": 6,
        },
    )
    days = rows_of(dimensions.dim_date(orders), *_DAYS, "ingestion_commit")
    assert sorted(days) == [
        (date(2025, 12, 31), 2025, 12, 31, 3, "Wednesday", "December", 4, 6),
        (date(2026, 1, 1), 2026, 1, 1, 4, "Thursday", "January", 1, 6),
        (date(2028, 2, 29), 2028, 2, 29, 2, "Tuesday", "February", 1, 6),
    ]


def test_a_week_begins_on_monday() -> None:
    payments = [{"payment_id": n, "payment_date": date(2026, 6, n)} for n in range(1, 8)]
    days = sorted(rows_of(dimensions.dim_date(frame("payment", *payments)), "date_id", *_DAYS[4:6]))
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    assert [day[1:] for day in days] == list(enumerate(names, start=1))


def test_the_other_dimensions_pass_their_rows_through() -> None:
    sale = {"transaction_id": 1, "transaction_type": "SALE", "sales_order_id": 7}
    transactions = dimensions.dim_transaction(frame("transaction", sale))
    columns = ("transaction_id", "transaction_type", "sales_order_id", "purchase_order_id")
    assert rows_of(transactions, *columns) == [(1, "SALE", 7, None)]
    design = {"design_id": 1, "design_name": "Wooden", "file_location": "/", "file_name": "w"}
    assert rows_of(dimensions.dim_design(frame("design", design)), *design) == [
        (1, "Wooden", "/", "w")
    ]
    kind = {"payment_type_id": 1, "payment_type_name": "SALES_RECEIPT"}
    kinds = dimensions.dim_payment_type(frame("payment_type", kind))
    assert rows_of(kinds, *kind) == [(1, "SALES_RECEIPT")]
