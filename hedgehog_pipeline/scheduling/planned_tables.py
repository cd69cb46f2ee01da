"""Which assets a run plans to materialise: those that surely change.

All tables share a snapshot and a commit, so a run works on whole commits whatever it plans. What
else changed by the time of its snapshot is reported by the run itself (materialized.py).
"""

from collections.abc import Collection, Iterable, Sequence

from hedgehog_pipeline.lake.commits import CHANGING_KINDS, Commit, PartKind
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import STAR, StarTable

Path = tuple[str, str]
"""The parts of an asset's key: its layer and its table."""

_ALL_BUT_KEYS: tuple[PartKind, ...] = (*CHANGING_KINDS, "quarantine", "readmitted")


def landed_assets(changed: Collection[str]) -> list[Path]:
    """Give the assets of a run that lands what changed in these tables of the shop."""
    return [("oltp", name) for name in SOURCE if name in changed]


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
    loaded = {*shaped, *_loaded(to_load)}
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
    loaded = _loaded(commits)
    return [("warehouse", name) for name in STAR if name in loaded]


def _shaped(changed: Collection[str], commits: Iterable[Commit]) -> set[str]:
    """Name the star tables that get rows; where none surely does, those that may.

    A change of a parent that has no children changes no row of the table that joins them.
    """
    commits = list(commits)
    surely = {t.name for t in STAR.values() if surely_shapes(commits, t, changed)}
    inputs = {*changed, *_named(commits, *_ALL_BUT_KEYS)}
    return surely or {table.name for table in STAR.values() if inputs.intersection(table.inputs)}


def surely_shapes(
    commits: Sequence[Commit], table: StarTable, changed: Collection[str] = ()
) -> bool:
    """Tell whether ingestion commits surely change a star table.

    Of a table that joins its inputs, a row of the first alone is sure to. A key that is gone
    changes the table that has a row for each key, and not the days that its rows mention.

    Args:
        commits: the ingestion commits.
        table: of the star.
        changed: tables of the shop that are about to land rows as well.
    """
    rows = {*changed, *_named(commits, "rows")}
    gone = _named(commits, "tombstones")
    inputs = table.inputs[:1] if table.as_of else table.inputs
    return not rows.isdisjoint(inputs) or table.subject in gone


def _loaded(commits: Iterable[Commit]) -> set[str]:
    """Name the tables that processed commits change; where they change none, those they tell of."""
    commits = list(commits)
    return _named(commits, *CHANGING_KINDS) or _named(commits, *_ALL_BUT_KEYS)


def _named(commits: Iterable[Commit], *kinds: PartKind) -> set[str]:
    """Name the tables of which commits hold parts of these kinds."""
    parts = (part for commit in commits for part in commit.parts)
    return {part.asset.split("/")[1] for part in parts if part.kind in kinds}
