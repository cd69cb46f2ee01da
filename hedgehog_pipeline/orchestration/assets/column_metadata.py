"""What the UI tells of a table before any run: what it holds, its columns, and their sources."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from inspect import getsource
from typing import Any

from dagster import (
    AssetKey,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.star import Fact, StarTable
from hedgehog_pipeline.model.tables import SourceTable

_DIGITS = 12


def column_metadata(
    columns: Sequence[Column], lineage: TableColumnLineage | None = None
) -> dict[str, TableSchema | TableColumnLineage]:
    """Give the metadata of an asset whose rows have these columns."""
    schema = TableSchema(
        [
            TableColumn(
                column.name,
                type=column.type.sql,
                description=column.description,
                constraints=TableColumnConstraints(nullable=column.nullable),
            )
            for column in columns
        ]
    )
    told: dict[str, TableSchema | TableColumnLineage] = {"dagster/column_schema": schema}
    if lineage is not None:
        told["dagster/column_lineage"] = lineage
    return told


def lineage_from_source(table: StarTable) -> TableColumnLineage:
    """Tell which columns of the shop each column of a star table is made of."""
    return TableColumnLineage(
        {
            column.name: [
                TableColumnDep(AssetKey(["oltp", source.split(".")[0]]), source.split(".")[1])
                for source in column.sources
            ]
            for column in table.columns
        }
    )


def lineage_from_star(table: StarTable) -> TableColumnLineage:
    """Tell that each column of the warehouse is the star's column of the same name."""
    star = AssetKey(["star", table.name])
    return TableColumnLineage({name: [TableColumnDep(star, name)] for name in table.arrow.names})


def code_version_of(columns: Sequence[Column], transform: Callable[..., Any] | None = None) -> str:
    """Give a version that changes with a table's declaration or the function that shapes it."""
    text = repr([(c.name, c.type, c.nullable, c.default, c.sources) for c in columns])
    source = getsource(transform) if transform else ""
    return sha256(f"{text}{source}".encode()).hexdigest()[:_DIGITS]


def landed_description(table: SourceTable) -> str:
    """Describe the asset `oltp/<table>`."""
    return f"{table.description} Captured from the shop's `{table.name}`; CSV in S3."


def star_description(table: StarTable) -> str:
    """Describe the asset `star/<table>`."""
    sources = ", ".join(f"`{name}`" for name in table.inputs)
    return f"{table.description} Made from the shop's {sources}; Parquet in S3."


def warehouse_description(table: StarTable) -> str:
    """Describe the asset `warehouse/<table>`."""
    rows = "One row for each key, the newest."
    if isinstance(table, Fact) and table.version:
        rows = f"The view `{table.name}_current` shows only the newest version of each."
    return f"{table.description} {rows} A table of the warehouse in PostgreSQL."
