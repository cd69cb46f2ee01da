"""The sensors that send alerts: one checks the platform, one watches for failed runs."""

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

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.commits import Commit
from hedgehog_pipeline.logs.events import WatchLog
from hedgehog_pipeline.monitoring.alerts import Alert, publish
from hedgehog_pipeline.monitoring.health import Probe, ProbeSkippedError, examine
from hedgehog_pipeline.monitoring.quarantine import Entry
from hedgehog_pipeline.orchestration.checks.freshness import FAIL_AFTER
from hedgehog_pipeline.orchestration.run_status import (
    count_failure,
    failures,
    is_launched_by_condition,
    is_launched_by_schedule,
    is_launched_by_sensor,
)
from hedgehog_pipeline.scheduling.retry import MAX_ATTEMPTS, stuck_commits

_INTERVAL_SECONDS = 30
_RELAUNCH_FAILED = 2  # failures in a row


def health_sensor(
    probes: Mapping[str, Probe],
    pending: Mapping[str, Callable[[], Sequence[Commit]]],
    watch_log: WatchLog,
    *,
    topic: str | None,
    ui_url: str,
) -> SensorDefinition:
    """Return the sensor that alerts what fails for a minute, and again when it recovers.

    Args:
        probes: the checks, by name.
        pending: reads the pending commits of a job, by its name, to find stuck ones.
        watch_log: logs stuck commits.
        topic: ARN of the SNS topic, or None.
        ui_url: address of the UI.
    """

    @sensor(
        name="health",
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Checks every 30 seconds that source, lake and warehouse can be reached, that "
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
        news = "; ".join(alert.subject for alert in alerts) or "No news."
        return SensorResult(skip_reason=news, cursor=cursor)

    return watch


def failed_run_sensor(
    probed: Collection[str],
    reached: Collection[Callable[[], object]],
    watch_log: WatchLog,
    *,
    topic: str | None,
    ui_url: str,
) -> SensorDefinition:
    """Return the sensor that alerts failed runs.

    A run that a sensor relaunches is alerted at the second failure in a row, one that an automation
    condition launches at the first: once each. The sensor `health` covers the probed jobs, and
    outages, in which every run fails.

    Args:
        probed: the jobs that a probe covers.
        reached: checks of source, lake and warehouse; each raises HedgehogError in an outage.
        watch_log: logs every failed run.
        topic: ARN of the SNS topic, or None.
        ui_url: address of the UI.
    """

    @run_failure_sensor(
        name="failed_runs",
        default_status=DefaultSensorStatus.RUNNING,
        description="Sends an alert when a run fails that no sensor relaunches, or whose relaunch "
        "fails too. The sensor `health` watches the loads, and outages. Launches no run.",
    )
    def alert_failure(context: RunFailureSensorContext) -> None:
        run = context.dagster_run
        watch_log.run_failed(run.job_name, run.run_id)
        if is_launched_by_sensor(run) and run.job_name in probed:
            return
        relauncher = _relauncher(run)
        outage = bool(relauncher) and any(_fails(check) for check in reached)
        if relauncher and not _is_alerted(context.instance, run, outage=outage):
            return
        remedy = f"{relauncher} launches it again" if relauncher else "then launch it again"
        day = run.tags.get("dagster/partition")
        which = f"{run.job_name} for the partition {day}" if day else run.job_name
        message = (
            f"The run of {which} failed: {context.failure_event.message} Look at its log; {remedy}."
        )
        subject, link = f"run of {run.job_name} failed", f"{ui_url}/runs/{run.run_id}"
        publish(Alert(subject, message, datetime.now(timezone.utc), link), topic)

    return alert_failure


def late(seconds_behind: Callable[[], float]) -> Probe:
    """Return the probe of the lag."""

    def probe() -> None:
        seconds = seconds_behind()
        if seconds >= FAIL_AFTER.total_seconds():
            raise HedgehogError(
                f"The warehouse is {seconds / 60:.0f} minutes behind the source. `hedgehog status` "
                "shows which stage waits; the runs page shows why it fails."
            )

    return probe


def not_empty(first_quarantine_entry: Callable[[], tuple[int, Entry | None]]) -> Probe:
    """Return the probe of the quarantine; the lag's probe reports an unreachable warehouse."""

    def probe() -> None:
        try:
            count, first = first_quarantine_entry()
        except HedgehogError as error:
            raise ProbeSkippedError(str(error)) from error
        if count:
            raise HedgehogError(
                f"{count} values of the source are in quarantine, and their rows are not loaded. "
                f"The first is {first}. `hedgehog quarantine list` lists them all. Correct them in "
                "the source, or fix the declaration and run `hedgehog quarantine replay`."
            )

    return probe


def _relauncher(run: DagsterRun) -> str:
    if is_launched_by_schedule(run):
        return "its schedule"
    if is_launched_by_condition(run):
        return "the next load"
    return "its sensor" if is_launched_by_sensor(run) else ""


def _is_alerted(instance: DagsterInstance, run: DagsterRun, *, outage: bool) -> bool:
    if is_launched_by_schedule(run):
        return not outage
    count = count_failure(instance, run, outage=outage)
    return count == (1 if is_launched_by_condition(run) else _RELAUNCH_FAILED)


def _fails(check: Callable[[], object]) -> bool:
    try:
        check()
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
        exhausted = stuck_commits(failures(instance, job, now))
        waiting = {commit.number for commit in pending()} if exhausted else set[int]()
        stuck = sorted(exhausted & waiting)
        if stuck:
            watch_log.stuck(job, stuck)
            raise HedgehogError(
                f"{job} failed {MAX_ATTEMPTS} times on commit {', '.join(map(str, stuck))} and "
                "does not retry it for a day; other commits go on. Its run shows the error: fix "
                "the cause, then launch the run again."
            )

    return probe
