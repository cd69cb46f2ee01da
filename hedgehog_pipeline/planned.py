"""Which assets a run plans to materialise: those that surely change.

All tables share a snapshot and a commit, so a run works on whole commits whatever it plans. What
else changed by the time of its snapshot is reported by the run itself (materialized.py).
"""

from collections.abc import Collection, Iterable, Sequence

from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline.schema.star import STAR, StarTable

Path = tuple[str, str]
"""The parts of an asset's key: its layer and its table."""


def landed_assets(changed: Collection[str]) -> list[Path]:
    """Give the assets of a run that lands what changed in these tables of the shop."""
    return [("oltp", name) for name in SHOP if name in changed]


def planned_assets(
    changed: Collection[str],
    to_process: Iterable[Commit] = (),
    to_load: Iterable[Commit] = (),
) -> list[Path]:
    """Give the assets of a run of all three stages.

    Args:
        changed: the tables of the shop that a scan found changed.
        to_process: the ingestion commits that the run takes as well.
        to_load: the processed commits that it takes as well.
    """
    shaped = _shaped(changed, to_process)
    loaded = {*shaped, *_touched(to_load)}
    return [
        *landed_assets(changed),
        *(("star", name) for name in STAR if name in shaped),
        *(("warehouse", name) for name in STAR if name in loaded),
    ]


def processed_assets(commits: Sequence[Commit]) -> list[Path]:
    """Give the assets of a run that processes commits; none where all of them are to be planned.

    A commit that brings no rows has to be processed as well, and a run needs an asset.
    """
    shaped = _shaped((), commits)
    return [("star", name) for name in STAR if name in shaped]


def loaded_assets(commits: Sequence[Commit]) -> list[Path]:
    """Give the assets of a run that loads commits; none where all of them are to be planned."""
    loaded = _touched(commits)
    return [("warehouse", name) for name in STAR if name in loaded]


def _shaped(changed: Collection[str], commits: Iterable[Commit]) -> set[str]:
    """Name the star tables that get rows; where none surely does, those that may.

    A change of a parent that has no children changes no row of the table that joins them.
    """
    inputs = {*changed, *_touched(commits)}
    surely = {table.name for table in STAR.values() if inputs.intersection(surely_shaped_by(table))}
    return surely or {table.name for table in STAR.values() if inputs.intersection(table.inputs)}


def surely_shaped_by(table: StarTable) -> Sequence[str]:
    """Name the inputs whose rows surely become rows of a star table."""
    return table.inputs[:1] if table.as_of else table.inputs


def _touched(commits: Iterable[Commit]) -> set[str]:
    return {
        part.asset.split("/")[1]
        for commit in commits
        for part in commit.parts
        if part.kind != "keys"
    }
