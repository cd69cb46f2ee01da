"""The slower beat: what no transaction id tells is looked for every hour."""

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
from hedgehog_pipeline.scheduling.run_tags import LANDING_TAGS

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )


def sweep_schedule(
    extraction: "UnresolvedAssetJobDefinition", archive_landed: Callable[[], bool]
) -> ScheduleDefinition:
    """Make the schedule that finds the rows that were deleted in the shop.

    Nobody knows before which tables lost rows, so its run lands what it finds, and the next run of
    all stages, which knows, takes that along.

    Args:
        extraction: the job of extraction.
        archive_landed: whether the shop's archive is landed completely; until then nothing can
            be missed in it.
    """

    @schedule(
        name="sweep",
        job=extraction,
        cron_schedule="30 * * * *",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Finds the rows that were deleted in the shop: every hour, `extraction` "
        "compares the keys in the shop with the keys that have landed.",
    )
    def find_deleted() -> RunRequest | SkipReason:
        if not archive_landed():
            return SkipReason("The archive is still on its way.")
        asked = RunConfig(ops={"extract": ExtractConfig(mode=Mode.SWEEP)})
        today = datetime.now(timezone.utc).date()
        return RunRequest(partition_key=today.isoformat(), run_config=asked, tags=LANDING_TAGS)

    return find_deleted
