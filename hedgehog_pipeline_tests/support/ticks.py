"""Ticks of the source's sensor with a simulated clock, and the runs that they request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

from dagster import (
    DagsterInstance,
    DagsterRun,
    ExecuteInProcessResult,
    RunRequest,
    build_schedule_context,
    build_sensor_context,
    define_asset_job,
)

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.orchestration.pipeline_run import Pending
from hedgehog_pipeline.orchestration.sensors import source_sensor
from hedgehog_pipeline.scheduling.scan_times import ScanTimes
from hedgehog_pipeline_tests.support.demo_model import MODEL
from hedgehog_pipeline_tests.support.world import World


@dataclass
class Time:
    """A clock that moves only while something sleeps; each sleep triggers the next event."""

    events: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])
    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.events:
            self.events.pop(0)()

    @property
    def looks(self) -> ScanTimes:
        return ScanTimes(lambda: self.now, self.sleep)


def pending_of(world: World) -> Pending:
    deployment = world.deployment
    return {"processing": deployment.commits_to_process, "storage": deployment.commits_to_load}


def shop_tick(
    world: World, instance: DagsterInstance, *events: Callable[[], object]
) -> RunRequest | str:
    """Evaluate the source's sensor; return the run that it requests, or its skip message.

    Args:
        world: the deployment.
        instance: where runs are recorded.
        events: called after the first scan, the second one, and so on.
    """
    sensor = source_sensor(
        MODEL,
        define_asset_job("pipeline"),
        define_asset_job("extraction"),
        watch_source=world.deployment.watch_source,
        pending=pending_of(world),
        scans=Time(list(events)).looks,
    )
    repository = platform(world.settings).get_repository_def()
    tick = sensor.evaluate_tick(build_sensor_context(instance, repository_def=repository))
    requests: Sequence[RunRequest] = tick.run_requests or []
    return requests[0] if requests else tick.skip_message or ""


def launched(
    world: World,
    instance: DagsterInstance,
    request: RunRequest | str,
    *,
    job: str = "pipeline",
    by: str = "shop",
) -> ExecuteInProcessResult:
    """Execute a requested run as Dagster does; a failed run is returned as well."""
    assert isinstance(request, RunRequest), request
    definition = platform(world.settings).resolve_job_def(request.job_name or job)
    if request.asset_selection:
        keys = set(request.asset_selection)
        definition = definition.get_subset(asset_selection=keys, asset_check_selection=set())
    return definition.execute_in_process(
        instance=instance,
        partition_key=request.partition_key,
        tags={**request.tags, "dagster/sensor_name": by},
        run_config=request.run_config,
        raise_on_error=False,
    )


def evaluate_schedule(world: World, name: str) -> object:
    """Evaluate a schedule; its context requires an instance with a folder of its own."""
    schedule = platform(world.settings).resolve_schedule_def(name)
    with (
        TemporaryDirectory() as folder,
        DagsterInstance.local_temp(folder) as instance,
        build_schedule_context(instance) as context,
    ):
        return schedule(context)


def launched_by_schedule(world: World, name: str) -> RunRequest:
    """Return the run that a schedule requests."""
    request = evaluate_schedule(world, name)
    assert isinstance(request, RunRequest)
    return request


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags without those that Dagster sets on a run."""
    return {key: value for key, value in tags.items() if key.startswith("hedgehog/")}


def tags_of(instance: DagsterInstance, result: ExecuteInProcessResult) -> dict[str, str]:
    """Return our own tags of a run that has ended."""
    run = instance.get_run_by_id(result.run_id)
    assert isinstance(run, DagsterRun)
    return own_tags(run.tags)
