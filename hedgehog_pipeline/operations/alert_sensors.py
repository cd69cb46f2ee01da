"""The sensors that alert: one examines the platform, one hears of runs that nobody repeats."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timezone

from dagster import (
    DagsterInstance,
    DagsterRun,
    DefaultSensorStatus,
    RunFailureSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    run_failure_sensor,
    sensor,
)

from hedgehog_pipeline.attempts import MOST_ATTEMPTS, stuck_commits
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.logs import WatchLog
from hedgehog_pipeline.operations.alerts import Alert, publish
from hedgehog_pipeline.operations.freshness import FAIL_AFTER
from hedgehog_pipeline.operations.health import Probe, UnaskedError, examine
from hedgehog_pipeline.operations.quarantine import Entry
from hedgehog_pipeline.stage_runs import (
    count_failure,
    failures,
    is_launched_by_condition,
    is_launched_by_schedule,
    is_launched_by_sensor,
)

_INTERVAL_SECONDS = 30
_REPEATED = 2  # the failure in a row at which the repeat has failed as well


def health_sensor(
    probes: Mapping[str, Probe],
    pending: Mapping[str, Callable[[], Sequence[Commit]]],
    watch_log: WatchLog,
    *,
    topic: str | None,
    ui_url: str,
) -> SensorDefinition:
    """Make the sensor that alerts what fails for a minute, and that it is well again.

    Args:
        probes: what to look at, by name.
        pending: reads the commits that wait for a job, by its name; looked at for stuck ones.
        watch_log: where stuck commits are written.
        topic: ARN of the SNS topic, or None.
        ui_url: where the UI is reached.
    """

    @sensor(
        name="health",
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Checks every 30 seconds that shop, lake and warehouse can be reached, that "
        "loads are not late, that no commit is stuck and that the quarantine is empty. Sends "
        "one alert for what fails for a minute, and one when it works again. Launches no run.",
    )
    def watch(context: SensorEvaluationContext) -> SensorResult:
        now = datetime.now(timezone.utc)
        stuck = {
            job: _stuck(context.instance, job, waiting, now, watch_log)
            for job, waiting in pending.items()
        }
        alerts, cursor = examine({**probes, **stuck}, context.cursor, now, f"{ui_url}/runs")
        for alert in alerts:
            publish(alert, topic)
        told = "; ".join(alert.subject for alert in alerts) or "No news."
        return SensorResult(skip_reason=told, cursor=cursor)

    return watch


def failed_run_sensor(
    probed: Collection[str],
    reached: Collection[Callable[[], object]],
    watch_log: WatchLog,
    *,
    topic: str | None,
    ui_url: str,
) -> SensorDefinition:
    """Make the sensor that alerts a failed run.

    What a sensor repeats is alerted when its repeat fails as well, what a condition launches at
    its first failure in a row: once each. The sensor `health` tells of the jobs that it probes,
    and of an outage, which fails whatever is launched in it.

    Args:
        probed: the jobs that a probe tells of.
        reached: looks at shop, lake and warehouse; each raises HedgehogError in an outage.
        watch_log: where every failed run is written.
        topic: ARN of the SNS topic, or None.
        ui_url: where the UI is reached.
    """

    @run_failure_sensor(
        name="failed_runs",
        default_status=DefaultSensorStatus.RUNNING,
        description="Sends an alert when a run fails that no sensor launches again, or when its "
        "repeat fails as well. Loads that fail, and what fails in an outage, are watched by the "
        "sensor `health`. Launches no run.",
    )
    def alert_failure(context: RunFailureSensorContext) -> None:
        run = context.dagster_run
        watch_log.run_failed(run.job_name, run.run_id)
        if is_launched_by_sensor(run) and run.job_name in probed:
            return
        again = _launches_it_again(run)
        outage = bool(again) and any(_fails(look) for look in reached)
        if again and not _is_news(context.instance, run, outage=outage):
            return
        remedy = f"{again} launches it again" if again else "then launch it again"
        day = run.tags.get("dagster/partition")
        which = f"{run.job_name} for the partition {day}" if day else run.job_name
        message = (
            f"The run of {which} failed: {context.failure_event.message} Look at its log; {remedy}."
        )
        subject, link = f"run of {run.job_name} failed", f"{ui_url}/runs/{run.run_id}"
        publish(Alert(subject, message, datetime.now(timezone.utc), link), topic)

    return alert_failure


def late(seconds_behind: Callable[[], float]) -> Probe:
    """Make the probe of the lag."""

    def probe() -> None:
        seconds = seconds_behind()
        if seconds >= FAIL_AFTER.total_seconds():
            raise HedgehogError(
                f"The warehouse is {seconds / 60:.0f} minutes behind the shop; `hedgehog status` "
                "tells which stage waits, the runs page why it fails."
            )

    return probe


def not_empty(first_in_quarantine: Callable[[], tuple[int, Entry | None]]) -> Probe:
    """Make the probe of the quarantine; that the warehouse cannot be asked is told by the lag's."""

    def probe() -> None:
        try:
            count, first = first_in_quarantine()
        except HedgehogError as error:
            raise UnaskedError(str(error)) from error
        if count:
            raise HedgehogError(
                f"{count} values of the shop cannot be taken, and their rows are left out; the "
                f"first is {first}. `hedgehog quarantine list` names all. Correct them in the "
                "shop, or mend the declaration and run `hedgehog quarantine replay`."
            )

    return probe


def _launches_it_again(run: DagsterRun) -> str:
    if is_launched_by_schedule(run):
        return "its schedule"
    if is_launched_by_condition(run):
        return "the next load"
    return "its sensor" if is_launched_by_sensor(run) else ""


def _is_news(instance: DagsterInstance, run: DagsterRun, *, outage: bool) -> bool:
    if is_launched_by_schedule(run):
        return not outage
    count = count_failure(instance, run, outage=outage)
    return count == (1 if is_launched_by_condition(run) else _REPEATED)


def _fails(look: Callable[[], object]) -> bool:
    try:
        look()
    except HedgehogError:
        return True
    return False


def _stuck(
    instance: DagsterInstance,
    job: str,
    pending: Callable[[], Sequence[Commit]],
    now: datetime,
    watch_log: WatchLog,
) -> Probe:
    def probe() -> None:
        gave_up = stuck_commits(failures(instance, job, now))
        waiting = {commit.number for commit in pending()} if gave_up else set[int]()
        stuck = sorted(gave_up & waiting)
        if stuck:
            watch_log.stuck(job, stuck)
            raise HedgehogError(
                f"{job} failed {MOST_ATTEMPTS} times on commit {', '.join(map(str, stuck))} and "
                "tries it no more for a day; the rest goes on. Its run tells why: mend the cause, "
                "then launch the run again."
            )

    return probe
