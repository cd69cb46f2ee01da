"""Repeated scans of the source within a sensor tick."""

from hedgehog_pipeline.extraction.source_watch import SourceWatch
from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline_tests.support.capturing import capture
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.world import World


class _Published:
    """Records what is published."""

    def __init__(self) -> None:
        self.changed: list[bool] = []

    def __call__(self, _head: IngestionCommit | None, /, *, changed: bool) -> None:
        self.changed.append(changed)


def test_each_scan_sees_what_is_committed_by_then_and_names_its_tables(world: World) -> None:
    with world.deployment.watch_source() as watch:
        assert set(watch.changed_tables()) == set(SOURCE)
        world.load_small()
        capture(world)
        assert watch.changed_tables() == ()
        world.shop.execute("update design set file_name = 'new.json'")
        world.shop.execute("update currency set currency_code = 'CHF'")
        assert set(watch.changed_tables()) == {"currency", "design"}


def test_what_another_writer_landed_between_scans_is_not_new(world: World) -> None:
    world.load_small()
    capture(world)
    with world.deployment.watch_source() as watch:
        assert watch.changed_tables() == ()
        world.shop.execute("update design set file_name = 'new.json'")
        capture(world)
        assert watch.changed_tables() == ()


def test_no_transaction_is_open_between_scans(world: World) -> None:
    world.load_small()
    with world.deployment.watch_source() as watch:
        watch.changed_tables()
        with world.shop.transaction():
            world.shop.execute("lock table design in access exclusive mode nowait")


def test_the_first_scan_and_a_scan_with_changes_are_published(world: World) -> None:
    world.load_small()
    capture(world)
    published = _Published()
    with world.deployment.source.connected() as source:
        watch = SourceWatch(
            lambda: source, world.deployment.lake.ingestion, list(SOURCE.values()), published
        )
        for _ in range(3):
            watch.changed_tables()
        assert published.changed == [False]
        world.shop.execute("update design set file_name = 'new.json'")
        watch.changed_tables()
        assert published.changed == [False, True]
