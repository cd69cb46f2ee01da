"""`make bench`: how fast Hedgehog is, beside what PostgreSQL itself and its peers take.

Everything is measured in turns on the same machine and servers, so that the ratios hold where the
seconds do not.
"""

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from hedgehog_pipeline_tests.benchmark import floor, shop
from hedgehog_pipeline_tests.benchmark.measured import Cost, cost_of_call
from hedgehog_pipeline_tests.benchmark.peers import PEERS
from hedgehog_pipeline_tests.benchmark.place import Place

_CHANGES = 1000
_BASELINE = {"the archive": "floor", "1,000 changes": "hedgehog"}

Costs = dict[tuple[str, str], list[Cost]]
"""What each turn took, by work and by who did it."""


def measure(orders: int, rounds: int, peers: Path | None) -> Costs:
    """Measure everything so many times, each time one after the other.

    Args:
        orders: how many sales orders the shop holds.
        rounds: how many times.
        peers: folder of the peers' environments; None leaves them out.
    """
    costs: Costs = defaultdict(list)
    others = [(peer, peer.installed(peers)) for peer in PEERS] if peers else []
    with Place.make() as place, TemporaryDirectory() as folder:
        shop.grow(place.shop, orders)
        for turn in range(rounds):
            deployment = place.deployment()
            targets = {peer.name: place.empty_database(f"{peer.name}_{turn}") for peer, _ in others}

            costs["the archive", "hedgehog"].append(deployment.hedgehog("run"))
            assert shop.count(deployment.warehouse, "fact_sales_order") == orders
            copy = cost_of_call(lambda: floor.copy_orders(place.shop, deployment.warehouse))  # noqa: B023
            costs["the archive", "floor"].append(copy)
            floor.drop(deployment.warehouse)
            for peer, programs in others:
                own = Path(folder) / f"{peer.name}-{turn}"
                cost = peer.run(programs, place.shop, targets[peer.name], own)
                costs["the archive", peer.name].append(cost)

            costs["nothing to do", "hedgehog"].append(deployment.hedgehog("run"))
            shop.change(place.shop, 1, 2 * turn)
            costs["one change", "hedgehog"].append(deployment.hedgehog("run"))
            shop.change(place.shop, _CHANGES, 2 * turn + 1)
            costs["1,000 changes", "hedgehog"].append(deployment.hedgehog("run"))
            for peer, programs in others:
                own = Path(folder) / f"{peer.name}-{turn}"
                cost = peer.run(programs, place.shop, targets[peer.name], own)
                costs["1,000 changes", peer.name].append(cost)
    return costs


def table_of(costs: Costs, orders: int) -> Table:
    """Show medians, and ratios to the baseline of the same work."""
    table = Table(title=f"{orders:,} sales orders, medians", title_justify="left")
    for name in ("work", "by", "seconds", "times the baseline", "CPU s", "MiB", "largest MiB"):
        table.add_column(name, justify="left" if name in {"work", "by"} else "right")
    for (work, by), turns in costs.items():
        base = costs.get((work, _BASELINE.get(work, "")))
        pairs = zip(turns, base, strict=True) if base else ()
        ratios = [turn.seconds / beside.seconds for turn, beside in pairs]
        middle = {name: median(getattr(t, name) for t in turns) for name in asdict(turns[0])}
        table.add_row(
            *(work, by, f"{middle['seconds']:.2f}", f"{median(ratios):.2f}" if ratios else ""),
            *(f"{middle[name]:.1f}" for name in ("processor", "memory", "largest")),
        )
    return table


def main(words: list[str]) -> None:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="folder of the peers' environments")
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args(words)
    costs = measure(asked.orders, asked.rounds, asked.peers)
    Console(width=120).print(table_of(costs, asked.orders))
    if asked.json:
        figures = [
            {"work": work, "by": by, "turns": [asdict(turn) for turn in turns]}
            for (work, by), turns in costs.items()
        ]
        asked.json.write_text(json.dumps({"orders": asked.orders, "costs": figures}, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
