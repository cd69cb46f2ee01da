"""Read warehouse rows as Arrow tables, by COPY through a temporary file."""

from collections.abc import Collection
from datetime import date
from tempfile import TemporaryFile
from typing import BinaryIO

import pyarrow as pa
from psycopg import sql
from pyarrow import csv

from hedgehog_pipeline.model.columns import Column, arrow_schema
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline.storage.tables import has_table
from hedgehog_pipeline.storage.warehouse import Warehouse


def read_table(
    warehouse: Warehouse, table: StarTable, days: Collection[date] | None, view: str | None = None
) -> pa.Table:
    """Read a table of the warehouse: `stored_columns`, in the declared types.

    Args:
        warehouse: the warehouse; where the table does not exist there are no rows.
        table: the table to read.
        days: UTC days; only rows of commits that landed on one of them are read, None reads every
            row. An inferred member belongs to no commit, so to no day.
        view: the view to read instead of the table.
    """
    columns = stored_columns(table)
    schema = arrow_schema(columns)
    with warehouse.snapshot(), TemporaryFile() as file:
        if not has_table(warehouse.connection, table):
            return schema.empty_table()
        warehouse.connection.execute("set local timezone = 'UTC'")
        query = sql.SQL("copy (select {columns} from {table} {where}) to stdout (format csv)")
        copy = query.format(
            columns=sql.SQL(", ").join(map(_selected, columns)),
            table=sql.Identifier(view or table.name),
            where=_written_on(days),
        )
        with warehouse.connection.cursor().copy(copy) as rows:
            for chunk in rows:
                file.write(chunk)
        if not file.tell():
            return schema.empty_table()
        file.seek(0)
        return _parse(file, schema)


def _parse(file: BinaryIO, schema: pa.Schema) -> pa.Table:
    """Parse the output of COPY, where quotes distinguish an empty text from NULL."""
    options = csv.ConvertOptions(
        column_types=schema,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    names = csv.ReadOptions(column_names=schema.names)
    records = csv.ParseOptions(newlines_in_values=True)
    return csv.read_csv(file, names, records, options).cast(schema)


def _selected(column: Column) -> sql.Composable:
    """Select a value; a timestamp with its time zone, which the declared type may lack."""
    name = sql.Identifier(column.name)
    if pa.types.is_timestamp(column.type.arrow):
        return sql.SQL("{}::timestamptz").format(name)
    return name


def _written_on(days: Collection[date] | None) -> sql.Composable:
    if days is None:
        return sql.SQL("")
    return sql.SQL(
        "where processed_commit in "
        "(select number from hedgehog.commits where date = any({}::date[]))"
    ).format(sql.Literal(sorted(days)))
