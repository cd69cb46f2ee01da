"""The measured costs as a table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from statistics import median

from rich.table import Table

from hedgehog_pipeline_tests.proofs.benchmark.measured import Cost

Costs = Mapping[tuple[str, str], Sequence[Cost]]
"""The cost of each turn, by task and tool."""


def table_of(costs: Costs, title: str) -> Table:
    """Return a table of medians, and of the ratio to the first tool that did the same task."""
    table = Table(title=title, title_justify="left")
    columns = ("work", "by", "seconds", "times", "rows/s", "bytes", "CPU s", "MiB", "largest MiB")
    for name in columns:
        table.add_column(name, justify="left" if name in {"work", "by"} else "right")
    for work, by, figures in rows_of(costs):
        table.add_row(
            *(work, by, f"{figures['seconds']:.2f}", f"{figures['times']:.2f}"),
            f"{figures['rows'] / figures['seconds']:,.0f}" if figures["rows"] else "",
            f"{figures['bytes']:,.0f}" if figures["bytes"] else "",
            *(f"{figures[name]:.1f}" for name in ("processor", "memory", "largest")),
        )
    return table


def rows_of(costs: Costs) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield the median costs, and the median ratio to the first tool in the same turn."""
    first: dict[str, Sequence[Cost]] = {}
    for (work, by), turns in costs.items():
        reference = first.setdefault(work, turns)
        ratios = [turn.seconds / base.seconds for turn, base in zip(turns, reference, strict=True)]
        figures = {name: median(getattr(t, name) for t in turns) for name in asdict(turns[0])}
        yield work, by, {**figures, "times": median(ratios)}
