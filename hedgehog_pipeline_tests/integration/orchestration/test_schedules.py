"""The schedule of delete detection: it requests a run once the initial load has landed."""

from dagster import DagsterInstance, SkipReason

from hedgehog_pipeline_tests.support.ticks import evaluate_schedule, launched, launched_by_schedule
from hedgehog_pipeline_tests.support.world import World


def test_delete_detection_is_launched_once_the_initial_load_has_landed(world: World):
    assert isinstance(evaluate_schedule(world, "sweep"), SkipReason)
    world.load_small()
    world.run()
    world.shop.execute("delete from payment where payment_id = 1")
    request = launched_by_schedule(world, "sweep")
    with DagsterInstance.ephemeral() as instance:
        assert launched(world, instance, request, job="extraction", by="sweep").success
    head = world.deployment.lake.ingestion.head()
    assert head is not None
    assert [part.rows for part in head.parts if part.kind == "tombstones"] == [1]
