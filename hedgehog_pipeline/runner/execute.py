"""One run of a job in this process: the same assets that a sensor launches."""

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
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.capture_request import CHANGES, CaptureRequest
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.orchestration.assets.extraction import ExtractConfig
from hedgehog_pipeline.orchestration.assets.materializations import ROWS_WRITTEN
from hedgehog_pipeline.scheduling.batching import EXTRACTION, PIPELINE
from hedgehog_pipeline.scheduling.planned_tables import Path
from hedgehog_pipeline.scheduling.run_tags import LANDING_TAGS, PENDING_TAGS, replay_tags, tags_for
from hedgehog_pipeline.settings import Settings

_TOLD = {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.STEP_SUCCESS}
_STAGE_OF = {"extract": "extraction", "process": "processing", "store": "storage"}


def execute(  # noqa: PLR0913, PLR0917 (all that a run has)
    settings: Settings,
    job: str,
    day: date,
    commits: Sequence[Commit] = (),
    assets: Sequence[Path] = (),
    asked: CaptureRequest = CHANGES,
    *,
    replay: bool = False,
    tell: Callable[[str, int, float], None] = lambda _stage, _rows, _seconds: None,
) -> None:
    """Run a job.

    Args:
        settings: of the deployment.
        job: extraction, processing or storage, or the pipeline of the three.
        day: the partition.
        commits: the commits that processing or storage is launched for.
        assets: what the run plans to materialise; none for all that the job has.
        asked: what extraction is asked to do.
        replay: whether processing takes the commits although they were processed before.
        tell: hears of each stage that went through, also where another one fails: its name, the
            rows that it moved, the seconds.

    Raises:
        HedgehogError: where a stage fails.
        KeyboardInterrupt: where Ctrl-C ends it.
    """
    config = ExtractConfig(**asdict(asked))
    run_id = str(uuid4())
    with _instance() as instance, _reason_told():
        try:
            _planned(platform(settings).resolve_job_def(job), assets).execute_in_process(
                run_id=run_id,
                instance=instance,
                partition_key=day.isoformat(),
                tags=replay_tags(commits) if replay else _tags_of(job, commits),
                run_config=RunConfig(
                    ops={"extract": config} if job in {PIPELINE, EXTRACTION} else {},
                    loggers={"console": {"config": {"log_level": "CRITICAL"}}},
                ),
            )
        finally:
            _tell_stages(instance, run_id, tell)


def _tell_stages(
    instance: DagsterInstance, run_id: str, tell: Callable[[str, int, float], None]
) -> None:
    """Tell what each stage of a run did that went through."""
    moved = Counter[str]()
    for entry in instance.all_logs(run_id, of_type=_TOLD):
        event = entry.get_dagster_event()
        stage = _STAGE_OF[event.step_key or ""]
        if event.is_step_success:
            tell(stage, moved[stage], event.step_success_data.duration_ms / 1000)
        else:
            rows = event.step_materialization_data.materialization.metadata[ROWS_WRITTEN].value
            moved[stage] += int(str(rows))


def _planned(job: JobDefinition, assets: Sequence[Path]) -> JobDefinition:
    """Give the part of a job that plans these assets; its own selection of assets adds checks."""
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
    """Record runs in the instance of DAGSTER_HOME, or nowhere where there is none."""
    home = os.environ.get("DAGSTER_HOME")
    if home:
        yield _kept(home)
    else:
        with DagsterInstance.ephemeral() as instance:
            yield instance


@cache
def _kept(_home: str) -> DagsterInstance:
    """Keep the instance, whose connections one run after another uses, until the process ends."""
    instance = DagsterInstance.get()
    atexit.register(instance.dispose)
    return instance


@contextmanager
def _reason_told() -> Generator[None, None, None]:
    """Bring out the sentence from the errors that Dagster wraps around it."""
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
        raise cause from cause.__cause__  # by which an outage is told from a fault
