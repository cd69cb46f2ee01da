"""The schedule of sweeps: it asks for one a beat, once the archive has landed."""

from tempfile import TemporaryDirectory

from dagster import DagsterInstance, RunRequest, SkipReason, build_schedule_context

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline_tests.world import World


def test_a_sweep_is_launched_once_the_archive_has_landed(world: World):
    definitions = platform(world.settings)
    schedule = definitions.resolve_schedule_def("sweep")
    with TemporaryDirectory() as at, DagsterInstance.local_temp(at) as instance:
        assert isinstance(schedule(build_schedule_context(instance)), SkipReason)
        world.load_small()
        world.run()
        world.shop.execute("delete from payment where payment_id = 1")
        request = schedule(build_schedule_context(instance))
        assert isinstance(request, RunRequest)
        definitions.resolve_job_def("pipeline").execute_in_process(
            instance=instance, partition_key=request.partition_key, run_config=request.run_config
        )
    head = world.surroundings.lake.ingestion.head()
    assert head is not None
    assert [part.rows for part in head.parts if part.kind == "tombstones"] == [1]
