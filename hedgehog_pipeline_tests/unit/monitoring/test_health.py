"""A failing probe is alerted once after a minute, and once when it recovers."""

from datetime import datetime, timedelta, timezone

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.monitoring.health import GRACE, ProbeSkippedError, examine

_START = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)


def _fails() -> None:
    raise HedgehogError("The shop cannot be reached; start it.")


def _passes() -> None:
    pass


def _subjects_of_ticks(ticks: str) -> list[list[str]]:
    """Run a probe every half minute; it fails at each x. Return the subjects of each tick."""
    cursor, subjects = None, []
    for number, tick in enumerate(ticks):
        now = _START + number * GRACE / 2
        probe = _fails if tick == "x" else _passes
        alerts, cursor = examine({"shop": probe}, cursor, now, "http://ui/runs")
        subjects.append([alert.subject for alert in alerts])
    return subjects


def test_a_passing_probe_is_not_alerted() -> None:
    assert _subjects_of_ticks("..") == [[], []]


def test_a_failure_shorter_than_a_minute_is_not_alerted() -> None:
    assert _subjects_of_ticks("xx..") == [[], [], [], []]


def test_a_failure_of_a_minute_and_its_recovery_are_alerted_once_each() -> None:
    assert _subjects_of_ticks("xxxxx..") == [
        [],
        [],
        ["shop failing"],
        [],
        [],
        ["shop recovered"],
        [],
    ]


def test_an_alert_has_the_error_its_start_and_a_link() -> None:
    _, cursor = examine({"shop": _fails}, None, _START, "http://ui/runs")
    later = _START + timedelta(minutes=5)
    ((alert,), _) = examine({"shop": _fails}, cursor, later, "http://ui/runs")
    assert str(alert) == (
        "The shop cannot be reached; start it.\n\n"
        "Since: 2026-06-01 09:00:00 UTC\nLook at: http://ui/runs\n"
    )


def test_a_lost_cursor_only_repeats_an_alert() -> None:
    _, cursor = examine({"shop": _fails}, None, _START, "http://ui")
    alerts, cursor = examine({"shop": _fails}, None, _START + GRACE, "http://ui")
    assert alerts == []
    alerts, _ = examine({"shop": _fails}, cursor, _START + 2 * GRACE, "http://ui")
    assert len(alerts) == 1


def test_a_probe_that_cannot_run_neither_alerts_nor_recovers() -> None:
    def cannot_run() -> None:
        raise ProbeSkippedError("The warehouse cannot be reached.")

    cursor, subjects = None, []
    for number, probe in enumerate([cannot_run, _fails, cannot_run, _fails, cannot_run, _passes]):
        now = _START + number * GRACE
        alerts, cursor = examine({"quarantine": probe}, cursor, now, "http://ui/runs")
        subjects.append([alert.subject for alert in alerts])
    assert subjects == [[], [], [], ["quarantine failing"], [], ["quarantine recovered"]]
