"""Trace a row of the warehouse: each version back to its Parquet and its CSV.

Nothing is searched: a row names its commits, and the commits name the objects that contain it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.model.columns import DATE
from hedgehog_pipeline.model.tables import Fact, StarTable
from hedgehog_pipeline.monitoring.quarantine import Entry, read_entries
from hedgehog_pipeline.storage.backlog import confirm_loaded
from hedgehog_pipeline.storage.warehouse import Warehouse
from hedgehog_pipeline.trace.inputs import find_inputs, parent_keys
from hedgehog_pipeline.trace.landed_rows import LandedRow, find_in_commit
from hedgehog_pipeline.trace.transformation import Transformation, find_transformation
from hedgehog_pipeline.trace.warehouse_rows import Key, WarehouseRow, deletions_of_key, rows_of_key

_NUMBER = re.compile("-?[0-9]{1,19}")
_BIGINTS = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Disagreement:
    """A column of a version whose value differs between CSV, Parquet and warehouse.

    Attributes:
        column: its name.
        values: the values in the CSV (transformed), in the Parquet and in the warehouse; a place
            without the row is left out.
    """

    column: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Version(WarehouseRow):
    """A version of a row, and what it was made from.

    Attributes:
        shaping: the processing that made it; None for an inferred member.
        landings: the source rows that it was made from: its own, then its parents'; for a day the
            first row that mentions it.
        disagreements: the columns in which CSV, Parquet and warehouse differ.
    """

    shaping: Transformation | None
    landings: tuple[LandedRow, ...]
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True)
class Trace:
    """All that is known of a row.

    Attributes:
        table: the warehouse's table.
        key: the key as the source has it.
        versions: the versions in the warehouse, the latest last: every one of a fact, the newest of
            a dimension.
        deletions: the tombstones of the key.
        quarantine: the quarantine entries of the row and of its parents.
        waiting: how many ingestion commits are not loaded yet.
    """

    table: str
    key: str
    versions: tuple[Version, ...]
    deletions: tuple[LandedRow, ...]
    quarantine: tuple[Entry, ...]
    waiting: int


def trace(lake: Lake, warehouse: Warehouse, table: StarTable, text: str) -> Trace:
    """Trace a row back to the objects that contain it.

    Args:
        warehouse: the warehouse, prepared or not.
        text: the key as the source has it: an integer, or a day.

    Raises:
        HedgehogError: where the text is not a key, nothing is known of it, or lake and warehouse do
            not belong together.
    """
    key = _parse_key(table, text)
    if not warehouse.is_prepared():
        raise HedgehogError("The warehouse is empty: `hedgehog run` fills it.")
    lake.confirm_source()
    confirm_loaded(lake, warehouse)
    subject = warehouse.model.source[table.inputs[0]]
    deletions = [
        find_in_commit(lake, subject, str(key), number, "tombstones")
        for number in deletions_of_key(warehouse, table, key)
    ]
    versions: list[Version] = []
    for row in rows_of_key(warehouse, table, key):
        landed, tombstones, from_csv = find_inputs(lake, warehouse.model, table, key, row)
        transformation = find_transformation(lake.processed, table, key, row)
        disagreements = tuple(_disagreements(from_csv, transformation, row.row))
        versions.append(
            Version(
                **vars(row),
                shaping=transformation,
                landings=tuple(landed),
                disagreements=disagreements,
            )
        )
        deletions += tombstones
    found = Trace(
        table.name,
        str(key),
        tuple(versions),
        tuple(deletions),
        tuple(_quarantine(warehouse, table, key, versions)),
        lake.ingestion.end() - warehouse.loaded_through(),
    )
    if not (versions or deletions or found.quarantine):
        raise HedgehogError(_not_found(found, table))
    return found


def _quarantine(
    warehouse: Warehouse, table: StarTable, key: Key, versions: Iterable[Version]
) -> Iterator[Entry]:
    """Read the quarantine entries of the row itself and of all its parents so far."""
    if not table.subject:
        return
    subject = warehouse.model.source[table.subject]
    own_rows = (version.landings[0].row for version in versions if version.landings)
    parents = (parent for row in own_rows for parent in parent_keys(table, subject, row).items())
    for row in dict.fromkeys([(subject.name, str(key)), *parents]):
        yield from read_entries(warehouse, closed=True, row=row)


def _disagreements(
    from_csv: Mapping[str, Any], transformation: Transformation | None, row: Mapping[str, Any]
) -> Iterator[Disagreement]:
    """Compare the columns that analysts query, in each place that has the row."""
    from_parquet, older = (transformation.row, transformation.older) if transformation else ({}, ())
    places = {"CSV": from_csv, "Parquet": from_parquet, "warehouse": row}
    for column in (name for name in row if name not in older):
        values = {place: values[column] for place, values in places.items() if column in values}
        if any(value != row[column] for value in values.values()):
            yield Disagreement(column, values)


def _parse_key(table: StarTable, text: str) -> Key:
    if table.key.type == DATE:
        with suppress(ValueError):
            return date.fromisoformat(text)
        raise HedgehogError(
            f"{text!r} is not a key of {table.name}: give a day, such as 2026-11-22."
        )
    if not _NUMBER.fullmatch(text) or int(text) not in _BIGINTS:
        raise HedgehogError(
            f"{text!r} is not a key of {table.name}: give an integer of at most 64 bits."
        )
    return int(text)


def _not_found(found: Trace, table: StarTable) -> str:
    searched = [table.name]
    searched += ["hedgehog.tombstones"] if isinstance(table, Fact) else []
    searched += ["hedgehog.quarantine"] if table.subject else []
    waiting = (
        f"{found.waiting} landed commits are not loaded yet and were not searched: `hedgehog run` "
        "loads them."
        if found.waiting
        else "Every landed commit is loaded: if the source has the key, `hedgehog run` captures it."
    )
    return (
        f"{table.name} {found.key} is not in the warehouse. Searched: {', '.join(searched)}. "
        f"{waiting}"
    )
