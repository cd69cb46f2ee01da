"""What a death leaves in the lake and the warehouse, and what has to stand there in the end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from hedgehog_pipeline.model.star import STAR, Fact
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline.storage.ddl import stored_names
from hedgehog_pipeline.storage.views import current_view
from hedgehog_pipeline_tests.extraction.landed import landed
from hedgehog_pipeline_tests.torture.crashes import Step
from hedgehog_pipeline_tests.world import World

_SESSIONS = (
    "select from pg_stat_activity where datname = current_database() "
    "and application_name = 'hedgehog warehouse'"
)
_LOADED = "select number from hedgehog.commits order by number"
_TOLD = "table_name, key, ingestion_commit"
_FAULTS = f"{_TOLD}, line, column_name, value, reason"
_ASKED = {
    "tombstones": f"select {_TOLD} from hedgehog.tombstones order by {_TOLD}",
    "quarantine": f"select {_FAULTS} from hedgehog.quarantine order by {_FAULTS}",
    "open quarantine": f"select {_FAULTS} from hedgehog.open_quarantine order by {_FAULTS}",
    "readmitted": f"select {_TOLD} from hedgehog.readmitted order by {_TOLD}",
    "foreign keys": "select conname from pg_constraint where contype = 'f' and convalidated "
    "order by conname",
    "loaded": "select max(through), bool_or(archive_complete) from hedgehog.commits",
}
_NOT_COMPARED = {"processed_commit", "inferred_since"}


@dataclass(frozen=True)
class Left:
    """What stands in a world.

    Attributes:
        commits: how many, by log.
        parts: how many that a commit names, by log.
        orphans: how many that none names, by log.
        loaded: the commits that the warehouse holds, None where it has no tables.
        begun: the commits of which it holds rows.
    """

    commits: dict[str, int]
    parts: dict[str, int]
    orphans: dict[str, int]
    loaded: list[int] | None
    begun: set[int]

    @classmethod
    def of(cls, world: World) -> "Left":
        """Look, once the warehouse has let go of the dead one's sessions."""
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

    def after(self, steps: Sequence[Step]) -> "Left":
        """What has to stand there after these steps of a process, each done whole or not at all."""
        commits, parts, orphans = dict(self.commits), dict(self.parts), dict(self.orphans)
        loaded, begun = self.loaded, self.begun
        for what, moment in steps:
            place, _, put = what.partition(" ")
            if moment != "after":
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
    """All that has to be the same whoever died meanwhile.

    A batch that is processed again may come together with others: the processed commit of a row is
    left aside, as are the names of parts, which tell batches.
    """
    asked = dict(_ASKED)
    for table in STAR.values():
        columns = ", ".join(name for name in stored_names(table) if name not in _NOT_COMPARED)
        shown = [table.name, *([current_view(table)] if isinstance(table, Fact) else [])]
        asked |= {name: f"select {columns} from {name} order by {columns}" for name in shown}
    with psycopg.connect(world.servers.postgres.dsn(world.warehouse_database)) as warehouse:
        found: dict[str, Any] = {
            name: warehouse.execute(query.encode()).fetchall() for name, query in asked.items()
        }
    ingestion = world.commits(world.settings.ingestion_bucket)
    found["landed"] = landed(world)
    found["landings"] = [(commit["number"], commit["kind"]) for commit in ingestion]
    return found
