"""The checks that a load reports itself, so that they are up to date as soon as its rows are there.

A valid constraint of PostgreSQL needs no look at the rows; the job `checks` reads all of them every
hour. Only `reconciled` has a schedule of its own: it reads the source.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timezone

from dagster import AssetCheckEvaluation

from hedgehog_pipeline.aws.parameters import Parameters
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.model.star import StarTable
from hedgehog_pipeline.monitoring.lag import seconds_behind
from hedgehog_pipeline.monitoring.rules import rules
from hedgehog_pipeline.orchestration.checks.freshness import evaluation_of, freshness
from hedgehog_pipeline.orchestration.checks.rules import check_rule
from hedgehog_pipeline.storage.row_counts import is_large
from hedgehog_pipeline.storage.warehouse import Warehouse


def checks_after_load(
    lake: Lake, warehouse: Warehouse, parameters: Parameters, tables: Collection[StarTable]
) -> Iterator[AssetCheckEvaluation]:
    """Evaluate the checks of tables that were just loaded.

    A rule that must read all rows of a large table is left to the hourly job.

    Args:
        lake: the two logs.
        warehouse: the warehouse, after the load.
        parameters: where source scans are recorded, for the lag.
        tables: the tables that the load wrote to, or whose quarantine it changed.
    """
    for rule in rules():
        if rule.table not in tables:
            continue
        if rule.enforced or rule.needs_quarantine or not is_large(warehouse.connection, rule.table):
            yield evaluation_of(check_rule(warehouse, rule, rows=False))
    names = {table.name for table in tables}
    now = datetime.now(timezone.utc)
    for result in freshness(lambda: seconds_behind(lake, warehouse, parameters, now)):
        if result.asset_key and result.asset_key.path[-1] in names:
            yield evaluation_of(result)
