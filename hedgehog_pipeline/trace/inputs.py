"""Find the landed rows that a warehouse row was made from, and transform them again."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.landed import existing_rows
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.tables import INGESTION_COMMIT, SourceTable, StarTable
from hedgehog_pipeline.processing.transforms import transforms_of
from hedgehog_pipeline.trace.landed_rows import LandedRow, find_first_mention, find_in_commit
from hedgehog_pipeline.trace.warehouse_rows import Key, WarehouseRow

Inputs = tuple[list[LandedRow], list[LandedRow], Mapping[str, Any]]
"""The landed rows, the tombstones, and the row that the transform makes of the landed rows."""


def find_inputs(lake: Lake, model: Model, table: StarTable, key: Key, row: WarehouseRow) -> Inputs:
    """Find what a row was made from: its own landed row first, then its parents'.

    The transformed row is empty for a day of a date dimension, and where the landed row is invalid.
    """
    number = row.ingestion_commit
    if not number:
        return [], [], {}
    if isinstance(key, date):
        mention = find_first_mention(lake, model.source, table, key, number)
        return [mention] if mention else [], [], {}
    subject, *parents = (model.source[name] for name in table.inputs)
    own = lake.landed(subject).newest_of(number, [key])
    captured, deleted = number, 0
    if table.as_of or row.deleted:  # the commit may be of a parent, or of the deletion
        captured = _last_commit(own.versions)
        deleted = _last_commit(own.tombstones.filter(pc.field("key") == key))
    find_own = partial(find_in_commit, lake, subject, str(key))
    landed = [find_own(captured)] if captured else []
    tombstones = [find_own(deleted, "tombstones")] if deleted > captured else []
    rows = [own.versions.filter(pc.field(INGESTION_COMMIT.name) == captured)]
    references = parent_keys(table, subject, landed[0].row) if landed else {}
    for parent in parents:
        reference = references.get(parent.name, "")
        history = lake.landed(parent).newest_of(number, [int(reference)] if reference else [])
        rows.append(existing_rows(history.newest()))
        if captured := _last_commit(history.versions):
            landed.append(find_in_commit(lake, parent, reference, captured))
    transformed = transforms_of(model)[table.name].current(*rows).to_pylist()
    return landed, tombstones, next(iter(transformed), {})


def parent_keys(
    table: StarTable, subject: SourceTable, row: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the keys of the parents that a row of a joined table refers to, by source table."""
    keys = {name: row.get(subject.reference_to(name)) for name in table.inputs[1:]}
    return {name: key for name, key in keys.items() if key}


def _last_commit(rows: pa.Table) -> int:
    return pc.max(rows[INGESTION_COMMIT.name]).as_py() or 0
