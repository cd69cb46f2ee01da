"""The minutes of a watch as rows of a table."""

from collections.abc import Sequence
from statistics import median

from hedgehog_pipeline_tests.proofs.soak.programs import RUN, STAYING
from hedgehog_pipeline_tests.proofs.soak.watch import Look

HEADER = (
    "       |        connections        |    threads    |        MiB        |"
    "captured to loaded|   shop | behind |      |       \n"
    "minute |  all daemon code  web runs| daem code  web| daemon  code   web|"
    "  median      max |to row s|      s | runs | errors"
)
"""Columns: daemon, code server, webserver and runs; seconds of the commits loaded in a minute."""


def row(looks: Sequence[Look], changes: Sequence[float] = ()) -> str:
    """Return the row of a minute: resources at its end, and all its loads, runs and errors.

    Args:
        looks: all looks of the minute.
        changes: the latencies of the measured changes that arrived in it.
    """
    seen = [look for look in looks if not look.blind]
    number = f"{looks[-1].second / 60:6.0f} |"
    if not seen:
        return f"{number} {looks[-1].blind.splitlines()[0]}"
    usage, delays = seen[-1].usage, [each.seconds for look in seen for each in look.delays]
    programs = [usage.staying.get(name) for name in STAYING]
    sessions = [usage.connections.get(name, 0) for name in (*STAYING, RUN)]
    return "".join(
        [
            number,
            f"{usage.total:>5}",
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
