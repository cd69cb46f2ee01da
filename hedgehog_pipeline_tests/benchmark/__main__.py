"""`make bench`: how fast Hedgehog is, beside what PostgreSQL itself and its peers take.

Everything is measured in turns on the same machine and servers, so that the ratios hold where the
seconds do not.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from hedgehog_pipeline_tests.benchmark import shop, works
from hedgehog_pipeline_tests.benchmark.peers import PEERS
from hedgehog_pipeline_tests.benchmark.place import Place
from hedgehog_pipeline_tests.benchmark.table import table_of


def main(words: list[str]) -> None:
    """Measure, print tables, write the figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=300_000, help="sales orders alone")
    parser.add_argument("--schema-orders", type=int, default=50_000, help="with all else of a shop")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="folder of the peers' environments")
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args(words)

    peers = {peer: peer.installed(asked.peers) for peer in PEERS} if asked.peers else {}
    console = Console(width=140)
    costs = works.start_up(asked.rounds)
    with Place.make(asked.schema_orders) as place:
        costs |= works.whole_schema(place, asked.rounds)
        console.print(table_of(costs, f"{asked.schema_orders:,} orders with all that goes along"))
        shop.grow(place.shop, asked.orders)
        of_orders, touched = works.sales_orders(place, asked.rounds, peers)
        console.print(table_of(of_orders, f"{asked.orders:,} sales orders"))
        console.print("After the archive, and for 1,000 changes after it:")
        for name, count in touched.items():
            console.print(f"{count:>15,} {name}", highlight=False)
        alone = works.stages_alone(place, asked.rounds)
        console.print(table_of(alone, f"{asked.orders:,} sales orders, each stage by itself"))
    if asked.json:
        figures = [
            {"work": work, "by": by, "turns": [asdict(turn) for turn in turns]}
            for (work, by), turns in (costs | of_orders | alone).items()
        ]
        whole = {"orders": asked.orders, "costs": figures, "touched": touched}
        asked.json.write_text(json.dumps(whole, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
