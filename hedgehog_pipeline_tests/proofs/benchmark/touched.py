"""How much a run reads from the shop, S3 and the warehouse, by their own counters."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import psycopg

from hedgehog_pipeline_tests.proofs.benchmark.workbench import BenchmarkTarget
from hedgehog_pipeline_tests.proofs.outages.proxy import Proxy

_ROWS_READ = (
    "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) from pg_stat_user_tables"
)
_PAGES = "select blks_hit + blks_read from pg_stat_database where datname = current_database()"


def touched_by_run(deployment: BenchmarkTarget, shop: str) -> dict[str, int]:
    """Run Hedgehog; return how much it read."""
    before = _counted(shop, deployment.warehouse)
    with _counting(deployment.environment["AWS_ENDPOINT_URL_S3"]) as proxy:
        deployment.with_s3(proxy.url).hedgehog("run")
    after = _counted(shop, deployment.warehouse)
    touched = {name: after[name] - before[name] for name in after}
    return {**touched, "S3 requests": proxy.requests.total()}


def _counted(shop: str, warehouse: str) -> dict[str, int]:
    return {
        "rows read in the shop": _query(shop, _ROWS_READ),
        "pages touched in the warehouse": _query(warehouse, _PAGES),
    }


def _query(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as database:
        row = database.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _counting(endpoint: str) -> Iterator[Proxy]:
    proxy = Proxy(lambda: endpoint)
    Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
