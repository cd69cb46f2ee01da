"""Capture with the extraction's own functions, without Dagster: fast, and step by step."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.extraction.capture import plan_capture
from hedgehog_pipeline.extraction.prepared_commit import commit_of, prepare_capture
from hedgehog_pipeline.lake.batch import Batch, batch_id
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.landed import Row, in_shop, landed
from hedgehog_pipeline_tests.support.world import World


def capture(world: World) -> Counter[Row]:
    """Capture the shop once; return what landed."""
    with capturing(world) as finish:
        commit = finish()
    return landed(world, after=commit.number - 1) if commit else Counter()


def assert_landed_once(world: World) -> None:
    """Assert that every row of the shop has landed once, and that nothing is left to land."""
    assert capture(world) == Counter()
    versions = landed(world)
    assert not in_shop(world) - versions
    assert set(versions.values()) == {1}


@contextmanager
def capturing(world: World) -> Iterator[Callable[[], IngestionCommit | None]]:
    """Open a snapshot and plan; yield a function that writes the parts and appends the commit."""
    deployment, now = Deployment(world.settings), datetime.now(timezone.utc)
    log = deployment.lake.ingestion
    batch = Batch(batch_id(now), now.date(), log.bucket, "csv")
    head, tables = log.head(), list(SOURCE.values())
    with deployment.source.open_snapshot(tables) as snapshot:
        slice_rows = world.settings.slice_rows
        plan = plan_capture(snapshot, head, tables, slice_rows=slice_rows, captured_at=now)

        def finish() -> IngestionCommit | None:
            pending = prepare_capture(tables, plan, snapshot, batch)
            for name, parts in pending.rows.items():
                for rows in parts:
                    rows.write(f"oltp/{name}", world.settings.part_bytes)
            build = commit_of(pending, batch, after=head, snapshot=snapshot, captured_at=now)
            return log.append(build)

        yield finish
