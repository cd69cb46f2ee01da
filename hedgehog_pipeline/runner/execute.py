"""Run a job in this process, with the same assets that a sensor launches."""

import atexit
import os
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from functools import cache
from uuid import uuid4

from dagster import (
    AssetKey,
    DagsterError,
    DagsterEventType,
    DagsterExecutionInterruptedError,
    DagsterInstance,
    JobDefinition,
    RunConfig,
)

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.capture_request import CaptureRequest
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.orchestration.assets.extraction import ExtractConfig
from hedgehog_pipeline.orchestration.assets.materializations import ROWS_WRITTEN
from hedgehog_pipeline.orchestration.console import NOTHING
from hedgehog_pipeline.scheduling.batching import EXTRACTION, PIPELINE
from hedgehog_pipeline.scheduling.planned_tables import Path
from hedgehog_pipeline.scheduling.run_tags import LANDING_TAGS, PENDING_TAGS, replay_tags, tags_for

_EVENTS = {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.STEP_SUCCESS}
_STAGE_OF = {"extract": "extraction", "process": "processing", "store": "storage"}


def execute(  # noqa: PLR0913, PLR0917 (everything that a run has)
    deployment: Deployment,
    job: str,
    day: date,
    commits: Sequence[Commit] = (),
    assets: Sequence[Path] = (),
    request: CaptureRequest = CaptureRequest(),
    *,
    replay: bool = False,
    report: Callable[[str, int, float], None] = lambda _stage, _rows, _seconds: None,
) -> None:
    """Run a job.

    Args:
        deployment: the deployment; the run uses its connections, if it keeps any.
        job: extraction, processing or storage, or the pipeline of the three.
        day: the partition.
        commits: the commits to process or load; none for all pending ones.
        assets: the assets that the run plans to materialise; none for all of the job.
        request: what to capture.
        replay: whether to process commits again that were already processed.
        report: called for each stage that succeeded, even if a later one fails, with its name, its
            rows and its seconds.

    Raises:
        HedgehogError: if a stage fails.
        KeyboardInterrupt: if Ctrl-C ends the run.
    """
    config = ExtractConfig(**asdict(request))
    run_id = str(uuid4())
    with _instance() as instance, _original_error():
        try:
            _planned(platform(deployment.settings).resolve_job_def(job), assets).execute_in_process(
                run_id=run_id,
                resources={"deployment": deployment},
                instance=instance,
                partition_key=day.isoformat(),
                tags=replay_tags(commits) if replay else _tags_of(job, commits),
                run_config=RunConfig(
                    ops={"extract": config} if job in {PIPELINE, EXTRACTION} else {},
                    loggers=NOTHING,
                ),
            )
        finally:
            _report_stages(instance, run_id, report)


def _report_stages(
    instance: DagsterInstance, run_id: str, report: Callable[[str, int, float], None]
) -> None:
    """Report each stage of a run that succeeded."""
    moved = Counter[str]()
    for entry in instance.all_logs(run_id, of_type=_EVENTS):
        event = entry.get_dagster_event()
        stage = _STAGE_OF[event.step_key or ""]
        if event.is_step_success:
            report(stage, moved[stage], event.step_success_data.duration_ms / 1000)
        else:
            rows = event.step_materialization_data.materialization.metadata[ROWS_WRITTEN].value
            moved[stage] += int(str(rows))


def _planned(job: JobDefinition, assets: Sequence[Path]) -> JobDefinition:
    """Return the job, reduced to these assets; Dagster's own asset selection would add checks."""
    if not assets:
        return job
    keys = {AssetKey(path) for path in assets}
    return job.get_subset(asset_selection=keys, asset_check_selection=set())


def _tags_of(job: str, commits: Sequence[Commit]) -> dict[str, str]:
    if commits:
        return tags_for(commits)
    return PENDING_TAGS if job == PIPELINE else LANDING_TAGS


@contextmanager
def _instance() -> Generator[DagsterInstance, None, None]:
    """Record runs in the instance of DAGSTER_HOME; without one, in memory only."""
    home = os.environ.get("DAGSTER_HOME")
    if home:
        yield _shared_instance(home)
    else:
        with DagsterInstance.ephemeral() as instance:
            yield instance


@cache
def _shared_instance(_home: str) -> DagsterInstance:
    """Return the instance of this process: all runs share its connections until the end."""
    instance = DagsterInstance.get()
    atexit.register(instance.dispose)
    return instance


@contextmanager
def _original_error() -> Generator[None, None, None]:
    """Raise our own error from the errors that Dagster wraps around it."""
    try:
        yield
    except DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    except DagsterError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, HedgehogError):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise cause from cause.__cause__  # the cause distinguishes an outage from a bug
