"""Watches what the platform rests on, and alerts once when it fails and once when it heals."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, TypeAdapter

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.monitoring.alerts import Alert

GRACE = timedelta(minutes=1)
"""How long something may fail before it is alerted: a restart or a single 503 is no news."""

Probe = Callable[[], None]
"""Looks at one thing; raises HedgehogError where it is not well."""


class UnaskedError(HedgehogError):
    """A probe could not look; another one tells why, and what was found before still counts."""


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
    """Ask every probe; give what is to be alerted, and the cursor for the next time.

    The cursor only keeps alerts from being repeated: lost, it costs one alert too many.

    Args:
        probes: what to look at, by name.
        cursor: what the last examination gave.
        now: the moment, aware UTC.
        link: the page of the UI that alerts lead to.
    """
    ill = _FAILING.validate_json(cursor) if cursor else {}
    still: dict[str, FailingProbe] = {}
    alerts: list[Alert] = []
    for name, probe in probes.items():
        try:
            probe()
        except UnaskedError:  # noqa: PERF203 (each probe fails by itself)
            still |= {name: ill[name]} if name in ill else {}
        except HedgehogError as error:
            illness = ill.get(name) or FailingProbe(since=now)
            if not illness.alerted and now - illness.since >= GRACE:
                alerts.append(Alert(f"{name} failing", str(error), illness.since, link))
                illness = FailingProbe(since=illness.since, alerted=True)
            still[name] = illness
        else:
            if name in ill and ill[name].alerted:
                healed = f"{name} is well again; nothing has to be done."
                alerts.append(Alert(f"{name} well again", healed, ill[name].since, link))
    return alerts, _FAILING.dump_json(still).decode()
