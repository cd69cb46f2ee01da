"""Metadata of a table before any run: its description, its columns and their lineage."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from inspect import getsource
from typing import Any

from dagster import (
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

from hedgehog_pipeline.model.columns import Column
from hedgehog_pipeline.model.tables import Fact, SourceTable, StarTable
from hedgehog_pipeline.orchestration.asset_keys import asset_key

_DIGITS = 12
_EVERY_VERSION = "Its row counts count every landed version of a row."


def column_metadata(
    columns: Sequence[Column], lineage: TableColumnLineage | None = None
) -> dict[str, TableSchema | TableColumnLineage]:
    """Return the metadata of an asset whose rows have these columns."""
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
    metadata: dict[str, TableSchema | TableColumnLineage] = {"dagster/column_schema": schema}
    if lineage is not None:
        metadata["dagster/column_lineage"] = lineage
    return metadata


def lineage_from_source(table: StarTable) -> TableColumnLineage:
    """Return the source columns from which each column of a star table is derived."""
    return TableColumnLineage(
        {
            column.name: [
                TableColumnDep(asset_key("oltp", source.split(".")[0]), source.split(".")[1])
                for source in column.sources
            ]
            for column in table.columns
        }
    )


def lineage_from_star(table: StarTable) -> TableColumnLineage:
    """Map each warehouse column to the star's column of the same name."""
    star = asset_key("star", table.name)
    return TableColumnLineage({name: [TableColumnDep(star, name)] for name in table.arrow.names})


def code_version_of(columns: Sequence[Column], transform: Callable[..., Any] | None = None) -> str:
    """Return a version that changes with a table's declaration or its transform function."""
    text = repr([(c.name, c.type, c.nullable, c.default, c.sources) for c in columns])
    source = getsource(transform) if transform else ""
    return sha256(f"{text}{source}".encode()).hexdigest()[:_DIGITS]


def landed_description(table: SourceTable) -> str:
    """Return the description of the asset `oltp/<table>`."""
    source = f"Captured from the source table `{table.name}`; CSV in S3."
    return f"{table.description} {source} {_EVERY_VERSION}"


def star_description(table: StarTable) -> str:
    """Return the description of the asset `star/<table>`."""
    sources = ", ".join(f"`{name}`" for name in table.inputs)
    derived = f"Derived from the source tables {sources}; Parquet in S3."
    return f"{table.description} {derived} {_EVERY_VERSION}"


def warehouse_description(table: StarTable) -> str:
    """Return the description of the asset `warehouse/<table>`."""
    rows = "One row for each key, the newest."
    if isinstance(table, Fact) and table.version:
        rows = f"The view `{table.name}_current` shows only the newest version of each."
    return f"{table.description} {rows} A table of the warehouse in PostgreSQL."
