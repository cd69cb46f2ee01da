"""`make bench`: compare the speed of Hedgehog with PostgreSQL itself and with other tools.

Everything is measured in turns on the same machine and servers, so ratios are comparable even if
the seconds are not.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from hedgehog_pipeline_tests.proofs.benchmark import shop, works
from hedgehog_pipeline_tests.proofs.benchmark.peers import PEERS
from hedgehog_pipeline_tests.proofs.benchmark.table import table_of
from hedgehog_pipeline_tests.proofs.benchmark.workbench import Workbench


def main(words: list[str]) -> None:
    """Measure, print tables, and write the figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--orders", type=int, default=300_000, help="sales orders alone")
    parser.add_argument("--schema-orders", type=int, default=50_000, help="orders, with all tables")
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure")
    parser.add_argument("--peers", type=Path, help="folder of the other tools")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    options = parser.parse_args(words)

    peers = {peer: peer.installed(options.peers) for peer in PEERS} if options.peers else {}
    console = Console(width=140)
    costs = works.start_up(options.rounds)
    with Workbench.make(options.schema_orders) as bench:
        costs |= works.whole_schema(bench, options.rounds)
        console.print(table_of(costs, f"{options.schema_orders:,} orders with all tables"))
        shop.grow(bench.shop, options.orders)
        of_orders, touched = works.sales_orders(bench, options.rounds, peers)
        console.print(table_of(of_orders, f"{options.orders:,} sales orders"))
        console.print("After the initial load, and for 1,000 changes after it:")
        for name, count in touched.items():
            console.print(f"{count:>15,} {name}", highlight=False)
        alone = works.stages_alone(bench, options.rounds)
        console.print(table_of(alone, f"{options.orders:,} sales orders, each stage alone"))
    if options.json:
        figures = [
            {"work": work, "by": by, "turns": [asdict(turn) for turn in turns]}
            for (work, by), turns in (costs | of_orders | alone).items()
        ]
        whole = {"orders": options.orders, "costs": figures, "touched": touched}
        options.json.write_text(json.dumps(whole, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
