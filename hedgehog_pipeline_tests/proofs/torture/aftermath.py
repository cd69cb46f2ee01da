"""What a killed process leaves in the lake and the warehouse, and what is expected at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from hedgehog_pipeline.model.tables import Fact
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline.storage.ddl import stored_names
from hedgehog_pipeline.storage.views import current_view
from hedgehog_pipeline_tests.proofs.torture.crashes import Step
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.landed import landed
from hedgehog_pipeline_tests.support.world import World

_SESSIONS = (
    "select from pg_stat_activity where datname = current_database() "
    "and application_name = 'hedgehog warehouse'"
)
_LOADED = "select number from hedgehog.commits order by number"
_ENTRY = "table_name, key, ingestion_commit"
_FAULTS = f"{_ENTRY}, line, column_name, value, reason"
_QUERIES = {
    "tombstones": f"select {_ENTRY} from hedgehog.tombstones order by {_ENTRY}",
    "quarantine": f"select {_FAULTS} from hedgehog.quarantine order by {_FAULTS}",
    "open quarantine": f"select {_FAULTS} from hedgehog.open_quarantine order by {_FAULTS}",
    "readmitted": f"select {_ENTRY} from hedgehog.readmitted order by {_ENTRY}",
    "foreign keys": "select conname from pg_constraint where contype = 'f' and convalidated "
    "order by conname",
    "loaded": "select max(through), bool_or(archive_complete) from hedgehog.commits",
}
_NOT_COMPARED = {"processed_commit", "inferred_since"}


@dataclass(frozen=True)
class Contents:
    """The contents of a world, counted.

    Attributes:
        commits: the number of commits by log.
        parts: the number of parts that a commit lists, by log.
        orphans: the number of parts that no commit lists, by log.
        loaded: the commits that are loaded, None if the warehouse has no tables.
        begun: the commits of which the warehouse has rows.
    """

    commits: dict[str, int]
    parts: dict[str, int]
    orphans: dict[str, int]
    loaded: list[int] | None
    begun: set[int]

    @classmethod
    def of(cls, world: World) -> "Contents":
        """Count, after the warehouse has closed the sessions of the killed process."""
        assert await_condition(lambda: not world.query(_SESSIONS), 30)
        commits, parts, orphans = dict[str, int](), dict[str, int](), dict[str, int]()
        for log in ("ingestion", "processed"):
            bucket = getattr(world.settings, f"{log}_bucket")
            keys = {key for key in world.keys(bucket) if not key.startswith(("commits/", "inbox/"))}
            found = world.commits(bucket)
            named = {part["key"] for commit in found for part in commit["parts"]}
            assert named <= keys
            commits[log], parts[log], orphans[log] = len(found), len(named), len(keys - named)
        ((prepared,),) = world.query("select to_regclass('hedgehog.commits') is not null")
        if not prepared:
            return cls(commits, parts, orphans, None, set())
        begun = " union ".join(f"select processed_commit from {name}" for name in STAR)
        return cls(
            commits,
            parts,
            orphans,
            [number for (number,) in world.query(_LOADED)],
            {number for (number,) in world.query(begun)} - {0},
        )

    def after(self, steps: Sequence[Step]) -> "Contents":
        """Return the expected contents after these steps of a process, each of them atomic."""
        commits, parts, orphans = dict(self.commits), dict(self.parts), dict(self.orphans)
        loaded, begun = self.loaded, self.begun
        for what, phase in steps:
            place, _, put = what.partition(" ")
            if phase != "after":
                continue
            if place == "COMMIT":
                numbers = [int(put)] if put else []
                loaded, begun = [*(loaded or []), *numbers], {*begun, *numbers}
            elif put.startswith("commit "):
                commits[place] += 1
                parts[place], orphans[place] = parts[place] + orphans[place], self.orphans[place]
            elif place in orphans:
                orphans[place] += 1
        return replace(
            self, commits=commits, parts=parts, orphans=orphans, loaded=loaded, begun=begun
        )


def image(world: World) -> dict[str, Any]:
    """Return everything that has to be the same, whichever process was killed.

    A commit that is processed again may be combined with others. So processed commits of rows are
    left out, and the names of parts, which contain batch ids.
    """
    queries = dict(_QUERIES)
    for table in STAR.values():
        columns = ", ".join(name for name in stored_names(table) if name not in _NOT_COMPARED)
        relations = [table.name, *([current_view(table)] if isinstance(table, Fact) else [])]
        queries |= {name: f"select {columns} from {name} order by {columns}" for name in relations}
    with psycopg.connect(world.servers.postgres.dsn(world.warehouse_database)) as warehouse:
        found: dict[str, Any] = {
            name: warehouse.execute(query.encode()).fetchall() for name, query in queries.items()
        }
    ingestion = world.commits(world.settings.ingestion_bucket)
    found["landed"] = landed(world)
    found["landings"] = [(commit["number"], commit["kind"]) for commit in ingestion]
    return found
