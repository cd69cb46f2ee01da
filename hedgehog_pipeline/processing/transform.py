"""From landed rows to rows of the star, a bounded table at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd
import pyarrow as pa

from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline.lake.csv_parts import LandedTable
from hedgehog_pipeline.processing import dimensions, facts
from hedgehog_pipeline.schema.star import INGESTION_COMMIT, StarTable


def transformed(
    table: StarTable, inputs: Mapping[str, LandedTable], commits: Sequence[IngestionCommit]
) -> Iterator[pa.Table]:
    """Shape the rows of a star table that these commits bring.

    Args:
        table: what to shape.
        inputs: the shop's tables that it is made of.
        commits: the ingestion commits to handle, ascending.
    """
    parents = [inputs[name] for name in table.inputs]
    yield from (_joined if table.as_of else _by_part)(table, parents, commits)


def _by_part(
    table: StarTable, parents: Sequence[LandedTable], commits: Sequence[IngestionCommit]
) -> Iterator[pa.Table]:
    for commit in commits:
        for parent in parents:
            for rows in parent.rows_of(commit):
                yield _shape(table, _function(table)(_frame(rows)))


def _joined(
    table: StarTable, parents: Sequence[LandedTable], commits: Sequence[IngestionCommit]
) -> Iterator[pa.Table]:
    """Join the parents as they stood at the last of the commits.

    A member is stamped with the highest commit among its rows, and emitted by the run that
    handles that commit. So what a member looks like depends on its stamp alone, and commits can
    be handled in any order (docs/design.md, "Joined dimensions").
    """
    handled = {
        commit.number
        for commit in commits
        for parent in parents
        if commit.parts_of(f"oltp/{parent.table.name}")
    }
    if not handled:
        return
    frames = [_frame(parent.as_of(max(handled))) for parent in parents]
    members = _function(table)(*frames)
    yield _shape(table, members[members[INGESTION_COMMIT.name].isin(handled)])


def _function(table: StarTable) -> Callable[..., pd.DataFrame]:
    return getattr(facts, table.name, None) or getattr(dimensions, table.name)


def _frame(rows: pa.Table) -> pd.DataFrame:
    return rows.to_pandas(types_mapper=pd.ArrowDtype)


def _shape(table: StarTable, frame: pd.DataFrame) -> pa.Table:
    """Keep the declared columns, in the declared types."""
    return pa.Table.from_pandas(
        frame[table.arrow.names], schema=table.arrow, preserve_index=False
    ).replace_schema_metadata(None)
