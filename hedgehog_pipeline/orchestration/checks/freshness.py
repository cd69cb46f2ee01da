"""The check `freshness` of each warehouse table: how far it is behind the source, every minute.

A commit becomes visible in all tables at once, so they all have the same lag. A sensor reports it
without a run: a run would spend seconds on its imports, sixty times an hour.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta

from dagster import (
    AssetCheckEvaluation,
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetSelection,
    DefaultSensorStatus,
    Definitions,
    SensorDefinition,
    SensorResult,
    define_asset_job,
    multi_asset_check,
    sensor,
)

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.logs.events import WatchLog
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.printable import without_markup

WARN_AFTER = timedelta(minutes=10)
FAIL_AFTER = timedelta(minutes=30)

FRESHNESS = "freshness"
"""The job and its sensor."""

_CHECK = "freshness"
_MINUTES = WARN_AFTER // timedelta(minutes=1)
_INTERVAL_SECONDS = 60

_DESCRIPTION = """\
Measures how far the warehouse is behind the source, for the check `freshness` of every warehouse
table. It reads the logs in S3 and the warehouse.

No schedule launches it: the sensor `freshness` reports the same each minute without a run.

By hand: at any time, to measure now.
"""


def freshness_checks(deployment: Deployment, watch_log: WatchLog) -> Definitions:
    """Define the checks `freshness`, the job that measures them, and the sensor that reports them.

    Args:
        deployment: the deployment.
        watch_log: logs the lag; an alarm fires if no lag is logged.
    """
    tables = deployment.model.star

    @multi_asset_check(
        name="measure_lag",
        specs=[
            AssetCheckSpec(
                _CHECK,
                asset=asset_key("warehouse", name),
                description=f"The warehouse is less than {_MINUTES} minutes behind the source.",
            )
            for name in tables
        ],
        can_subset=True,
    )
    def measure_lag(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        """Measure how far the warehouse is behind, when a person launches it."""
        selected = {key.asset_key.path[-1] for key in context.selected_asset_check_keys}
        yield from freshness(selected, deployment.seconds_behind)

    job = define_asset_job(
        FRESHNESS,
        AssetSelection.checks(measure_lag),
        description=_DESCRIPTION,
        tags=deployment.settings.tags_of(FRESHNESS),
    )
    sensor = freshness_sensor(tables, deployment.seconds_behind, watch_log)
    return Definitions(asset_checks=[measure_lag], jobs=[job], sensors=[sensor])


def freshness_sensor(
    tables: Collection[str], read_seconds_behind: Callable[[], float], watch_log: WatchLog
) -> SensorDefinition:
    """Return the sensor that reports every table's check each minute.

    Args:
        tables: names of the warehouse tables.
        read_seconds_behind: returns the lag, from the logs and the warehouse.
        watch_log: logs the lag; an alarm fires if no lag is logged.
    """

    def read() -> float:
        seconds = read_seconds_behind()
        watch_log.lag(seconds)
        return seconds

    @sensor(
        name=FRESHNESS,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Measures every minute how far the warehouse is behind the source, and "
        "reports it as the check `freshness` of every warehouse table. Launches no run.",
    )
    def report() -> SensorResult:
        results = list(freshness(tables, read))
        return SensorResult(
            skip_reason=results[0].description,
            asset_events=[evaluation_of(result) for result in results],
        )

    return report


def evaluation_of(result: AssetCheckResult) -> AssetCheckEvaluation:
    """Return a result as the event that reports it without a run of the check."""
    assert result.asset_key is not None  # noqa: S101 (each result names both)
    assert result.check_name is not None  # noqa: S101 (as above)
    return AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=result.check_name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )


def freshness(
    tables: Collection[str], read_seconds_behind: Callable[[], float]
) -> Iterator[AssetCheckResult]:
    """Evaluate the lag for tables; a lag that cannot be read fails the check with its error.

    Args:
        tables: names of the warehouse tables.
        read_seconds_behind: returns the lag, from the logs and the warehouse.
    """
    metadata: dict[str, float] = {}
    try:
        seconds = read_seconds_behind()
        metadata["seconds_behind"] = round(seconds, 1)
        behind = timedelta(seconds=seconds)
        passed, failed = behind < WARN_AFTER, behind >= FAIL_AFTER
        description = f"{seconds:.0f} s behind the source." if seconds else "Up to date."
        if not passed:
            description += " `hedgehog status` shows which stage waits; its runs show why."
    except HedgehogError as error:
        passed, failed, description = False, True, without_markup(str(error))
    for name in tables:
        yield AssetCheckResult(
            asset_key=asset_key("warehouse", name),
            check_name=_CHECK,
            passed=passed,
            severity=AssetCheckSeverity.ERROR if failed else AssetCheckSeverity.WARN,
            description=description,
            metadata=metadata,
        )
