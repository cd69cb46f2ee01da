"""What has landed, read back as any S3 client would: with plain csv and boto3."""

import csv
import io
from collections import Counter

from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.world import World

Row = tuple[str, ...]
"""A version of a row: its table and all its values as text, last_updated included."""


def landed(world: World, after: int = 0) -> Counter[Row]:
    """Count the versions of rows in the parts of all commits after a number."""
    found: Counter[Row] = Counter()
    for part in (
        part
        for commit in world.commits(world.settings.ingestion_bucket)[after:]
        for part in commit["parts"]
        if part["kind"] == "rows"
    ):
        found.update(_rows(part["asset"].removeprefix("oltp/"), _body(world, part["key"])))
    return found


def in_shop(world: World) -> Counter[Row]:
    """Count the rows in the shop now."""
    found: Counter[Row] = Counter()
    for table in SOURCE:
        statement = f"copy (select * from {table}) to stdout (format csv, header)".encode()
        with world.shop.cursor().copy(statement) as copy:
            found.update(_rows(table, b"".join(copy).decode()))
    return found


def keys(rows: Counter[Row], table: str = "sales_order") -> list[str]:
    """List the keys of a table's rows, one for each row."""
    return sorted((row[1] for row in rows.elements() if row[0] == table), key=int)


def _body(world: World, key: str) -> str:
    bucket = world.settings.ingestion_bucket
    return world.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def _rows(table: str, body: str) -> list[Row]:
    _header, *rows = csv.reader(io.StringIO(body, newline=""))
    return [(table, *row) for row in rows]
