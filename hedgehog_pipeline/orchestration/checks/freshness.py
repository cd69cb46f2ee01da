"""The check `freshness` of each warehouse table: how far it is behind the source, every minute.

A commit becomes visible in all tables at once, so they all have the same lag. A sensor reports it
without a run: a run would spend seconds on its imports, sixty times an hour.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone

from dagster import (
    AssetCheckEvaluation,
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetSelection,
    DefaultSensorStatus,
    ResourceParam,
    SensorDefinition,
    SensorResult,
    define_asset_job,
    multi_asset_check,
    sensor,
)

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.logs.events import WatchLog
from hedgehog_pipeline.model.star import STAR
from hedgehog_pipeline.monitoring.lag import seconds_behind
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.orchestration.resources import WarehouseResource
from hedgehog_pipeline.printable import without_markup

WARN_AFTER = timedelta(minutes=10)
FAIL_AFTER = timedelta(minutes=30)

_CHECK = "freshness"
_MINUTES = WARN_AFTER // timedelta(minutes=1)
_INTERVAL_SECONDS = 60
_WAREHOUSE = {name: asset_key("warehouse", name) for name in STAR}


_DESCRIPTION = """\
Measures how far the warehouse is behind the source, for the check `freshness` of every warehouse
table. It reads the logs in S3 and the warehouse.

No schedule launches it: the sensor `freshness` reports the same each minute without a run.

By hand: at any time, to measure now.
"""


@multi_asset_check(
    name="measure_lag",
    specs=[
        AssetCheckSpec(
            _CHECK,
            asset=key,
            description=f"The warehouse is less than {_MINUTES} minutes behind the source.",
        )
        for key in _WAREHOUSE.values()
    ],
    can_subset=True,
)
def measure_lag(
    context: AssetCheckExecutionContext,
    lake: ResourceParam[Lake],
    warehouse: WarehouseResource,
    parameters: ResourceParam[Parameters],
) -> Iterator[AssetCheckResult]:
    """Measure how far the warehouse is behind, when a person launches it."""

    def read() -> float:
        with warehouse.open() as target:
            return seconds_behind(lake, target, parameters, datetime.now(timezone.utc))

    for result in freshness(read):
        if result.asset_key in {key.asset_key for key in context.selected_asset_check_keys}:
            yield result


freshness_job = define_asset_job(
    "freshness",
    AssetSelection.checks(measure_lag),
    description=_DESCRIPTION,
)


def freshness_sensor(
    read_seconds_behind: Callable[[], float], watch_log: WatchLog
) -> SensorDefinition:
    """Return the sensor that reports every table's check each minute.

    Args:
        read_seconds_behind: returns the lag, from the logs and the warehouse.
        watch_log: logs the lag; an alarm fires if no lag is logged.
    """

    def read() -> float:
        seconds = read_seconds_behind()
        watch_log.lag(seconds)
        return seconds

    @sensor(
        name="freshness",
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Measures every minute how far the warehouse is behind the source, and "
        "reports it as the check `freshness` of every warehouse table. Launches no run.",
    )
    def report() -> SensorResult:
        results = list(freshness(read))
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


def freshness(read_seconds_behind: Callable[[], float]) -> Iterator[AssetCheckResult]:
    """Evaluate the lag for each table; a lag that cannot be read fails the check with its error.

    Args:
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
    for key in _WAREHOUSE.values():
        yield AssetCheckResult(
            asset_key=key,
            check_name=_CHECK,
            passed=passed,
            severity=AssetCheckSeverity.ERROR if failed else AssetCheckSeverity.WARN,
            description=description,
            metadata=metadata,
        )
