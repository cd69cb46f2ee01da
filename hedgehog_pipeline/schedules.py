"""The slower beat: what no transaction id tells is looked for every hour."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dagster import (
    DefaultScheduleStatus,
    RunConfig,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from hedgehog_pipeline.extraction.assets import ExtractConfig, key_of
from hedgehog_pipeline.extraction.mode import Mode
from hedgehog_pipeline.pipeline_run import Pending, plan_pipeline_run
from hedgehog_pipeline.schema.shop import SHOP

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )


def sweep_schedule(
    pipeline: "UnresolvedAssetJobDefinition",
    archive_landed: Callable[[], bool],
    pending: Pending,
) -> ScheduleDefinition:
    """Make the schedule that finds the rows that were deleted in the shop.

    Args:
        pipeline: the job of all three stages.
        archive_landed: whether the shop's archive is landed completely; until then nothing can
            be missed in it.
        pending: reads the commits that wait for the stages after extraction.
    """

    @schedule(
        name="sweep",
        job=pipeline,
        cron_schedule="30 * * * *",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Finds the rows that were deleted in the shop.",
    )
    def find_deleted(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        if not archive_landed():
            return SkipReason("The archive is still on its way.")
        now = datetime.now(timezone.utc)
        run = plan_pipeline_run(context.instance, pending, now)
        return RunRequest(
            partition_key=now.date().isoformat(),
            run_config=RunConfig(ops={"extract": ExtractConfig(mode=Mode.SWEEP)}),
            tags=run.tags if run else {},
            # A schedule has one job; of that, extraction alone.
            asset_selection=None if run else [key_of(table) for table in SHOP.values()],
        )

    return find_deleted
