"""The tasks that are measured, done by each tool in turns."""

import os
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql

from hedgehog_pipeline_tests.proofs.benchmark import floor, naive, shop
from hedgehog_pipeline_tests.proofs.benchmark.measured import Cost, cost_of_call, cost_of_command
from hedgehog_pipeline_tests.proofs.benchmark.peers import Peer
from hedgehog_pipeline_tests.proofs.benchmark.touched import touched_by_run
from hedgehog_pipeline_tests.proofs.benchmark.workbench import (
    LAYERS,
    BenchmarkTarget,
    Workbench,
    as_url,
    with_our_code,
)
from hedgehog_pipeline_tests.support.demo_model import STAR

_CHANGES = 1000
_ALONE = "one run after another"

Costs = dict[tuple[str, str], list[Cost]]


def whole_schema(bench: Workbench, rounds: int) -> Costs:
    """Measure the initial load of all tables, by Hedgehog and by a naive pandas pipeline."""
    costs: Costs = defaultdict(list)
    for _ in range(rounds):
        deployment = bench.deployment()
        costs["archive of the whole schema", "hedgehog"].append(deployment.hedgehog("run"))
        rows = {table: shop.count(deployment.warehouse, table) for table in STAR}
        _empty(deployment)
        costs["archive of the whole schema", "naive pandas"].append(_naive(bench, deployment))
        assert rows == {table: shop.count(deployment.warehouse, table) for table in STAR}
    return costs


def sales_orders(
    bench: Workbench, rounds: int, peers: dict[Peer, Path]
) -> tuple[Costs, dict[str, int]]:
    """Measure the initial load of sales orders, then a run with no change, one, and a thousand.

    Returns:
        The costs; the size of the lake, and what a run for another thousand changes touches.
    """
    costs: Costs = defaultdict(list)
    orders = shop.count(bench.shop, "sales_order")
    with TemporaryDirectory() as folder:
        for turn in range(rounds):
            deployment = bench.deployment()
            targets = {peer: bench.empty_database(f"{peer.name}_{turn}") for peer in peers}

            def by_peers(work: str, targets: dict[Peer, str] = targets, turn: int = turn) -> None:
                for peer, programs in peers.items():
                    own = Path(folder) / f"{peer.name}-{turn}"
                    cost = peer.run(programs, bench.shop, targets[peer], own)
                    costs[work, peer.name].append(cost)

            whole, work = deployment.run()
            assert shop.count(deployment.warehouse, "fact_sales_order") == orders
            written = sum(map(deployment.bytes_in, LAYERS))
            for by, cost in (
                ("floor", _floor(bench, deployment, logged=False)),
                ("floor, logged", _floor(bench, deployment, logged=True)),
                ("hedgehog", replace(whole, bytes=written)),
                ("hedgehog, its work alone", work),
            ):
                costs["the archive", by].append(replace(cost, rows=orders))
            by_peers("the archive")
            costs["nothing to do", "hedgehog"].append(deployment.hedgehog("run"))
            shop.change(bench.shop, 1, 3 * turn)
            costs["one change", "hedgehog"].append(deployment.hedgehog("run"))
            shop.change(bench.shop, _CHANGES, 3 * turn + 1)
            whole, work = deployment.run()
            costs["1,000 changes", "hedgehog"].append(whole)
            costs["1,000 changes", "hedgehog, its work alone"].append(work)
            by_peers("1,000 changes")
    costs["the archive, killed half way", "the rest"].append(_resumed(bench, costs))
    shop.change(bench.shop, _CHANGES, 2)
    in_lake = {
        f"bytes in the {layer.lower()} bucket": deployment.bytes_in(layer) for layer in LAYERS
    }
    return costs, {**in_lake, **touched_by_run(deployment, bench.shop)}


def _resumed(bench: Workbench, costs: Costs) -> Cost:
    """Kill an initial load after half of its usual time; return the cost of the next run."""
    deployment, orders = bench.deployment(), shop.count(bench.shop, "sales_order")
    seconds = median(turn.seconds for turn in costs["the archive", "hedgehog"])
    landed = deployment.killed_run(seconds / 2)
    rest = deployment.hedgehog("run")
    assert shop.count(deployment.warehouse, "fact_sales_order") == orders
    return replace(rest, rows=max(orders - landed, 0))


def stages_alone(bench: Workbench, rounds: int) -> Costs:
    """Measure the initial load of sales orders by stage, processing also by two runs at once."""
    costs: Costs = defaultdict(list)
    orders = shop.count(bench.shop, "sales_order")
    for _ in range(rounds):
        deployment = bench.deployment()
        again = bench.deployment().on_what_landed_in(deployment)
        for stage, by, cost, layer in (
            ("extraction", _ALONE, deployment.stage("extraction"), "INGESTION"),
            ("processing", _ALONE, deployment.stage("processing"), "PROCESSED"),
            ("processing", "two runs at once", again.stage("processing", 2), "PROCESSED"),
            ("storage", _ALONE, deployment.stage("storage"), "PROCESSED"),
        ):
            size = deployment.bytes_in(layer)
            costs[f"{stage} alone", by].append(replace(cost, rows=orders, bytes=size))
        assert shop.count(deployment.warehouse, "fact_sales_order") == orders
    return costs


def start_up(rounds: int) -> Costs:
    """Measure the start of a process: Python alone, then with all imports of a run."""
    costs: Costs = defaultdict(list)
    ours = with_our_code(os.environ)
    with TemporaryDirectory() as folder:
        for _ in range(rounds):
            for by, code in (
                ("python", ""),
                ("hedgehog", "import hedgehog_pipeline.runner.execute"),
            ):
                command = [sys.executable, "-c", code]
                costs["imports", by].append(cost_of_command(command, Path(folder), ours))
    return costs


def _floor(bench: Workbench, deployment: BenchmarkTarget, *, logged: bool) -> Cost:
    shop, warehouse = bench.shop, deployment.warehouse
    try:
        return cost_of_call(lambda: floor.copy_orders(shop, warehouse, logged=logged))
    finally:
        floor.drop(deployment.warehouse)


def _naive(bench: Workbench, deployment: BenchmarkTarget) -> Cost:
    bucket = deployment.environment["HEDGEHOG_PROCESSED_BUCKET"]
    urls = [as_url(dsn, "postgresql+psycopg2") for dsn in (bench.shop, deployment.warehouse)]
    command = [sys.executable, "-m", naive.__name__, *urls, bucket]
    environment = with_our_code(deployment.environment)
    return cost_of_command(command, deployment.folder, environment)


def _empty(deployment: BenchmarkTarget) -> None:
    with psycopg.connect(deployment.warehouse) as warehouse:
        names = sql.SQL(", ").join(map(sql.Identifier, STAR))
        warehouse.execute(sql.SQL("truncate {} restart identity").format(names))
