"""CSV parts: rows as PostgreSQL's COPY writes them, and back as typed Arrow.

COPY tells NULL (nothing) from the empty string (two quotes); so does Arrow's reader with the
options below, which pandas' reader cannot.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import IngestionCommit, Part
from hedgehog_pipeline.lake.log import CommitLog
from hedgehog_pipeline.lake.previews import Preview
from hedgehog_pipeline.schema.columns import SHOP_TIME, arrow_schema
from hedgehog_pipeline.schema.shop import ShopTable
from hedgehog_pipeline.schema.star import INGESTION_COMMIT

_NAIVE_TIME = pa.timestamp("ms")


@dataclass(frozen=True)
class CsvRows:
    """Rows on their way into a batch.

    Attributes:
        batch: the batch that they belong to.
        columns: the names of the columns.
        lines: the CSV header, then one CSV record an item, as COPY hands them over.
    """

    batch: Batch
    columns: tuple[str, ...]
    lines: Iterable[bytes | memoryview]

    def write(self, asset: str, part_bytes: int) -> Preview:
        """Write the rows as parts of about so many bytes, none where there are no rows.

        Gives the first rows that were written.
        """
        preview = Preview(self.columns)
        lines = iter(self.lines)
        header = bytes(next(lines, b""))
        body, rows = bytearray(header), 0
        for line in lines:
            body += line
            rows += 1
            preview.add_csv(line)
            if len(body) >= part_bytes:
                self.batch.write(asset, "csv", bytes(body), rows, self.columns)
                body, rows = bytearray(header), 0
        if rows:
            self.batch.write(asset, "csv", bytes(body), rows, self.columns)
        return preview


@dataclass(frozen=True)
class LandedTable:
    """What the ingestion log holds of a table of the shop; read when asked."""

    log: CommitLog[IngestionCommit]
    table: ShopTable

    @property
    def schema(self) -> pa.Schema:
        """The declared columns and the commit that saw each row."""
        return arrow_schema((*self.table.columns, INGESTION_COMMIT))

    def rows_of(self, commit: IngestionCommit) -> Iterator[pa.Table]:
        """Read the rows that a commit landed, a part at a time."""
        for part in commit.parts_of(f"oltp/{self.table.name}"):
            rows = read_csv(self.log.bucket.read(part.key), self.table, part)
            numbers = pa.repeat(pa.scalar(commit.number, pa.int64()), rows.num_rows)
            yield rows.append_column(self.schema.field(INGESTION_COMMIT.name), numbers)

    def as_of(self, number: int) -> pa.Table:
        """Give the newest row of each key that was landed up to and with a commit.

        Each commit names the latest one that holds rows of the table, so the walk back touches
        those alone.
        """
        versions: list[pa.Table] = []
        while number:
            base = self.log.read(number).base.get(self.table.name)
            if base is None or not base.landed:
                break
            versions.extend(self.rows_of(self.log.read(base.landed)))
            number = base.landed - 1
        rows = pa.concat_tables([self.schema.empty_table(), *versions])
        newest = rows.group_by(self.table.key).aggregate([(INGESTION_COMMIT.name, "max")])
        newest = newest.rename_columns([self.table.key, INGESTION_COMMIT.name])
        return rows.join(newest, [self.table.key, INGESTION_COMMIT.name], join_type="left semi")


def read_csv(body: bytes, table: ShopTable, part: Part) -> pa.Table:
    """Read a part as the declared columns; others that the shop has are passed over.

    The shop's naive timestamps become aware UTC.

    Raises:
        HedgehogError: where a declared column is missing or a value is not of its type.
    """
    missing = [column.name for column in table.columns if column.name not in part.columns]
    if missing:
        raise HedgehogError(
            f"The part {part.key} of {table.name} has no column {', '.join(missing)}, which the "
            "star needs; bring the column back in the shop, or change the declaration."
        )
    naive = {
        column.name: _NAIVE_TIME if column.type == SHOP_TIME else column.type.arrow
        for column in table.columns
    }
    try:
        rows = csv.read_csv(
            io.BytesIO(body),
            # One block a part: a value may be as long as the part, a newline may stand anywhere.
            read_options=csv.ReadOptions(block_size=len(body)),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=naive,
                include_columns=list(naive),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
                timestamp_parsers=[csv.ISO8601],  # pyright: ignore[reportArgumentType] (stub)
            ),
        )
        for place, column in enumerate(table.columns):
            if column.type == SHOP_TIME:
                aware = pc.assume_timezone(rows[column.name], "UTC")
                rows = rows.set_column(place, column.name, aware)
        return rows.cast(arrow_schema(table.columns))
    except ValueError as error:  # a value that is not of its type, or absent where it must not be
        raise HedgehogError(
            f"The part {part.key} of {table.name} cannot be read: {error}. Correct the row in the "
            "shop, so that the next capture brings it anew."
        ) from error
