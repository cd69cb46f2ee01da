"""One run of a stage's job in this process: the same assets that a sensor launches."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from time import monotonic

from dagster import DagsterError, DagsterInstance, RunConfig

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.assets import ExtractConfig
from hedgehog_pipeline.extraction.mode import CHANGES, Asked
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.runs import tags_for
from hedgehog_pipeline.settings import Settings


def execute(
    settings: Settings,
    stage: str,
    day: date,
    commits: Sequence[Commit],
    asked: Asked = CHANGES,
) -> tuple[int, float]:
    """Run the job of a stage; give the rows that it moved, and the seconds.

    Args:
        settings: of the deployment.
        stage: extraction, processing or storage.
        day: the partition.
        commits: the commits that it is launched for; none for extraction.
        asked: what extraction is asked to do.

    Raises:
        HedgehogError: where the stage fails.
    """
    began = monotonic()
    config = ExtractConfig(**asdict(asked))
    with _instance() as instance, _reason_told():
        result = (
            platform(settings)
            .resolve_job_def(stage)
            .execute_in_process(
                instance=instance,
                partition_key=day.isoformat(),
                tags=tags_for(commits),
                run_config=RunConfig(
                    ops={"extract": config} if stage == "extraction" else {},
                    loggers={"console": {"config": {"log_level": "CRITICAL"}}},
                ),
            )
        )
    rows = sum(
        int(str(event.materialization.metadata["dagster/partition_row_count"].value))
        for event in result.get_asset_materialization_events()
    )
    return rows, monotonic() - began


@contextmanager
def _instance() -> Generator[DagsterInstance, None, None]:
    """Record runs in the instance of DAGSTER_HOME, or nowhere where there is none."""
    home = os.environ.get("DAGSTER_HOME")
    with DagsterInstance.get() if home else DagsterInstance.ephemeral() as instance:
        yield instance


@contextmanager
def _reason_told() -> Generator[None, None, None]:
    """Bring out the sentence from the errors that Dagster wraps around it."""
    try:
        yield
    except DagsterError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, HedgehogError):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise cause from None
