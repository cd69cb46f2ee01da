"""Data for the shops of the tests."""

from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from pyarrow import csv

from hedgehog_pipeline import sandbox
from hedgehog_pipeline.sandbox.archive import Archive
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.repository import REPOSITORY

Shop = psycopg.Connection[Any]

SHOP_DDL = (Path(sandbox.__file__).parent / "shop.sql").read_bytes()
SAMPLE = REPOSITORY.resolve().parent / "shared" / "totesys"
NOW = "current_timestamp, current_timestamp"
"""The two stamps of a row, for `insert ... select`."""

_SMALL = Path(__file__).with_name("small_shop.sql").read_bytes()
_UNTIL = datetime(2026, 11, 20, 17, 30)  # noqa: DTZ001 (the shop's timestamps are naive)


def load_sample(shop: Shop) -> None:
    """Load the sample of the real shop, reference tables first."""
    for table in SOURCE:
        _copy(shop, table, (SAMPLE / f"{table}.csv").read_bytes())


def load_archive(shop: Shop, orders: int) -> None:
    """Load two years of generated trade."""
    for table, rows in Archive(orders, until=_UNTIL).tables():
        body = BytesIO()
        csv.write_csv(rows, body)
        _copy(shop, table, body.getvalue())


def load_small(shop: Shop) -> None:
    """Load one row of everything, each order with its payment."""
    shop.execute(_SMALL)


def _copy(shop: Shop, table: str, body: bytes) -> None:
    columns = body.partition(b"\n")[0].decode().replace('"', "").split(",")
    copy = sql.SQL("copy {} ({}) from stdin (format csv, header match)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with shop.cursor().copy(copy) as stream:
        stream.write(body)
