"""The hourly schedule of delete detection: a deleted row leaves no transaction id to find."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dagster import (
    DefaultScheduleStatus,
    RunConfig,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    schedule,
)

from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.orchestration.assets.extraction import ExtractConfig
from hedgehog_pipeline.orchestration.console import ERRORS_ONLY
from hedgehog_pipeline.scheduling.run_tags import LANDING_TAGS

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )


def delete_detection_schedule(
    extraction: "UnresolvedAssetJobDefinition", initial_load_landed: Callable[[], bool]
) -> ScheduleDefinition:
    """Return the schedule of delete detection.

    Nobody knows beforehand which tables lost rows. So its run only lands the deletions, and the
    next run of all stages, which knows them, loads them.

    Args:
        extraction: the job of extraction.
        initial_load_landed: returns whether the initial load has landed completely; before that no
            deletion can be missed.
    """

    @schedule(
        name="sweep",
        job=extraction,
        cron_schedule="30 * * * *",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Finds the rows that were deleted in the source: every hour, `extraction` "
        "compares the keys in the source with the keys that have landed.",
    )
    def find_deleted() -> RunRequest | SkipReason:
        if not initial_load_landed():
            return SkipReason("The initial load has not landed completely.")
        config = RunConfig(ops={"extract": ExtractConfig(mode=Mode.SWEEP)}, loggers=ERRORS_ONLY)
        today = datetime.now(timezone.utc).date()
        return RunRequest(partition_key=today.isoformat(), run_config=config, tags=LANDING_TAGS)

    return find_deleted
