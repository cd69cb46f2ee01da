"""Choose the assets that a run plans to materialise: those that are sure to change.

All tables share a snapshot and a commit, so a run handles whole commits whatever it plans. The run
itself reports what else had changed by its snapshot (orchestration/assets/materializations.py).
"""

from collections.abc import Collection, Iterable, Sequence

from hedgehog_pipeline.lake.commits import CHANGING_KINDS, Commit, PartKind
from hedgehog_pipeline.model.model import Model
from hedgehog_pipeline.model.tables import StarTable

Path = tuple[str, str]
"""An asset key as layer and table."""

_ALL_BUT_KEYS: tuple[PartKind, ...] = (*CHANGING_KINDS, "quarantine", "readmitted")


def landed_assets(model: Model, changed: Collection[str]) -> list[Path]:
    """Return the assets of a run that captures changes of these source tables."""
    return [("oltp", name) for name in model.source if name in changed]


def planned_assets(
    model: Model,
    changed: Collection[str],
    to_process: Iterable[Commit] = (),
    to_load: Iterable[Commit] = (),
) -> list[Path]:
    """Return the assets of a run of all three stages.

    Args:
        model: the declared tables.
        changed: the source tables in which a scan found changes.
        to_process: the pending ingestion commits that the run also takes.
        to_load: the pending processed commits that it also takes.
    """
    transformed = _transformed(model, changed, to_process)
    loaded = {*transformed, *_loaded(to_load)}
    return [
        *landed_assets(model, changed),
        *(("star", name) for name in model.star if name in transformed),
        *(("warehouse", name) for name in model.star if name in loaded),
    ]


def processed_assets(model: Model, commits: Sequence[Commit]) -> list[Path]:
    """Return the assets of a run that processes commits; none means to plan all of them.

    A commit without rows has to be processed as well, and a run needs an asset.
    """
    transformed = _transformed(model, (), commits)
    return [("star", name) for name in model.star if name in transformed]


def loaded_assets(model: Model, commits: Sequence[Commit]) -> list[Path]:
    """Return the assets of a run that loads commits; none means to plan all of them."""
    loaded = _loaded(commits)
    return [("warehouse", name) for name in model.star if name in loaded]


def _transformed(model: Model, changed: Collection[str], commits: Iterable[Commit]) -> set[str]:
    """Return the star tables that get rows; if none surely does, those that may.

    A changed parent without children changes no row of the table that joins them.
    """
    commits = list(commits)
    tables = model.star.values()
    inputs = {*changed, *_named(commits, *_ALL_BUT_KEYS)}
    surely = {table.name for table in tables if surely_changes(commits, table, changed)}
    return surely or {table.name for table in tables if inputs.intersection(table.inputs)}


def surely_changes(
    commits: Sequence[Commit], table: StarTable, changed: Collection[str] = ()
) -> bool:
    """Return whether ingestion commits are sure to change a star table.

    In a table that joins its inputs, only a row of the first input is sure to. A deleted key
    changes the table with a row for each key, but not the days that its rows mention.

    Args:
        changed: source tables with changes that the same run captures.
    """
    rows = {*changed, *_named(commits, "rows")}
    deleted = _named(commits, "tombstones")
    inputs = table.inputs[:1] if table.as_of else table.inputs
    return not rows.isdisjoint(inputs) or table.subject in deleted


def _loaded(commits: Iterable[Commit]) -> set[str]:
    """Return the tables that processed commits change; if none, those with side-table entries."""
    commits = list(commits)
    return _named(commits, *CHANGING_KINDS) or _named(commits, *_ALL_BUT_KEYS)


def _named(commits: Iterable[Commit], *kinds: PartKind) -> set[str]:
    """Return the tables with parts of these kinds in the commits."""
    parts = (part for commit in commits for part in commit.parts)
    return {part.asset.split("/")[1] for part in parts if part.kind in kinds}
