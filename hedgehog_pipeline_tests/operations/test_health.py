"""What fails is alerted once after a minute, and once when it is well again."""

from datetime import datetime, timedelta, timezone

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.monitoring.health import SILENCE_SECONDS, UnaskedError, examine

_START = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)


def _fails() -> None:
    raise HedgehogError("The shop cannot be reached; start it.")


def _is_well() -> None:
    pass


def _subjects_of_ticks(ticks: str) -> list[list[str]]:
    """Examine every half a minute a probe that fails where a tick is an x."""
    cursor, told = None, []
    for place, tick in enumerate(ticks):
        now = _START + place * SILENCE_SECONDS / 2
        probe = _fails if tick == "x" else _is_well
        alerts, cursor = examine({"shop": probe}, cursor, now, "http://ui/runs")
        told.append([alert.subject for alert in alerts])
    return told


def test_what_is_well_is_no_news() -> None:
    assert _subjects_of_ticks("..") == [[], []]


def test_a_failure_shorter_than_a_minute_is_no_news() -> None:
    assert _subjects_of_ticks("xx..") == [[], [], [], []]


def test_a_failure_of_a_minute_is_alerted_once_and_its_end_once() -> None:
    assert _subjects_of_ticks("xxxxx..") == [
        [],
        [],
        ["shop failing"],
        [],
        [],
        ["shop well again"],
        [],
    ]


def test_an_alert_says_what_since_when_and_where_to_look() -> None:
    _, cursor = examine({"shop": _fails}, None, _START, "http://ui/runs")
    later = _START + timedelta(minutes=5)
    ((alert,), _) = examine({"shop": _fails}, cursor, later, "http://ui/runs")
    assert str(alert) == (
        "The shop cannot be reached; start it.\n\n"
        "Since: 2026-06-01 09:00:00 UTC\nLook at: http://ui/runs\n"
    )


def test_a_lost_cursor_alerts_again_and_forgets_nothing_else() -> None:
    _, cursor = examine({"shop": _fails}, None, _START, "http://ui")
    alerts, cursor = examine({"shop": _fails}, None, _START + SILENCE_SECONDS, "http://ui")
    assert alerts == []
    alerts, _ = examine({"shop": _fails}, cursor, _START + 2 * SILENCE_SECONDS, "http://ui")
    assert len(alerts) == 1


def test_what_cannot_be_looked_at_is_neither_told_nor_well_again() -> None:
    def cannot_look() -> None:
        raise UnaskedError("The warehouse cannot be reached.")

    cursor, told = None, []
    for place, probe in enumerate(
        [cannot_look, _fails, cannot_look, _fails, cannot_look, _is_well]
    ):
        now = _START + place * SILENCE_SECONDS
        alerts, cursor = examine({"quarantine": probe}, cursor, now, "http://ui/runs")
        told.append([alert.subject for alert in alerts])
    assert told == [[], [], [], ["quarantine failing"], [], ["quarantine well again"]]
