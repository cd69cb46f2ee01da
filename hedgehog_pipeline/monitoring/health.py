"""Probe the platform's dependencies; alert once when one fails and once when it recovers."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, TypeAdapter

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.monitoring.alerts import Alert

GRACE = timedelta(minutes=1)
"""How long a probe may fail before it alerts: a restart or a single 503 is no news."""

Probe = Callable[[], None]
"""Checks one dependency; raises HedgehogError where the check fails."""


class ProbeSkippedError(HedgehogError):
    """The probe could not run; keep its last state (another probe reports the cause)."""


class FailingProbe(BaseModel):
    """A probe that fails.

    Attributes:
        since: its first failure, aware UTC.
        alerted: whether it was alerted.
    """

    since: datetime
    alerted: bool = False


_FAILING = TypeAdapter(dict[str, FailingProbe])


def examine(
    probes: Mapping[str, Probe], cursor: str | None, now: datetime, link: str
) -> tuple[list[Alert], str]:
    """Run every probe; return the alerts to send, and the cursor for the next call.

    The cursor only prevents repeated alerts: without it, one alert is sent twice.

    Args:
        probes: the probes by name.
        cursor: the cursor that the last call returned.
        now: the current time, aware UTC.
        link: the page of the UI that alerts link to.
    """
    failing = _FAILING.validate_json(cursor) if cursor else {}
    still_failing: dict[str, FailingProbe] = {}
    alerts: list[Alert] = []
    for name, probe in probes.items():
        try:
            probe()
        except ProbeSkippedError:  # noqa: PERF203 (each probe fails by itself)
            still_failing |= {name: failing[name]} if name in failing else {}
        except HedgehogError as error:
            failure = failing.get(name) or FailingProbe(since=now)
            if not failure.alerted and now - failure.since >= GRACE:
                alerts.append(Alert(f"{name} failing", str(error), failure.since, link))
                failure = FailingProbe(since=failure.since, alerted=True)
            still_failing[name] = failure
        else:
            if name in failing and failing[name].alerted:
                message = f"{name} works again; no action is needed."
                alerts.append(Alert(f"{name} recovered", message, failing[name].since, link))
    return alerts, _FAILING.dump_json(still_failing).decode()
