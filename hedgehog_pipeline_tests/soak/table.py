"""The minutes of a watch as lines of a table."""

from collections.abc import Sequence
from statistics import median

from hedgehog_pipeline_tests.soak.programs import RUN, STAYING
from hedgehog_pipeline_tests.soak.watch import Look

HEADER = (
    "       |        connections        |    threads    |        MiB        |"
    "captured to loaded|   shop | behind |      |       \n"
    "minute |  all daemon code  web runs| daem code  web| daemon  code   web|"
    "  median      max |to row s|      s | runs | errors"
)
"""Of daemon, code server, webserver and runs; seconds of the commits loaded in a minute."""


def row(looks: Sequence[Look], changes: Sequence[float] = ()) -> str:
    """Write a minute: what was held at its last look, what was loaded and said in all of it.

    Args:
        looks: of the minute.
        changes: seconds of the marked changes that arrived in it.
    """
    seen = [look for look in looks if not look.blind]
    number = f"{looks[-1].second / 60:6.0f} |"
    if not seen:
        return f"{number} {looks[-1].blind.splitlines()[0]}"
    held, delays = seen[-1].held, [each.seconds for look in seen for each in look.delays]
    programs = [held.staying.get(name) for name in STAYING]
    sessions = [held.connections.get(name, 0) for name in (*STAYING, RUN)]
    return "".join(
        [
            number,
            f"{held.total:>5}",
            "{:>7}{:>5}{:>5}{:>5}|".format(*sessions),
            "{:>5}{:>5}{:>5}|".format(*(p.threads if p else "-" for p in programs)),
            "{:>7}{:>6}{:>6}|".format(*(f"{p.mebibytes:.0f}" if p else "-" for p in programs)),
            f"{_seconds(median, delays):>8} {_seconds(max, delays):>8} |",
            f"{_seconds(median, changes):>7} |",
            f"{seen[-1].behind:>7.1f} |",
            f"{sum(len(look.runs) for look in looks):>5} |",
            f"{sum(len(look.errors) for look in looks):>7}",
        ]
    )


def _seconds(of: object, values: Sequence[float]) -> str:
    assert callable(of)
    return f"{of(values):.1f}" if values else "-"
