"""The checks that a load reports itself, so that they are up to date as soon as its rows are there.

A valid constraint of PostgreSQL needs no look at the rows; the job `checks` reads all of them every
hour. Only `reconciled` has a schedule of its own: it reads the source.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timezone

from dagster import AssetCheckEvaluation

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.monitoring.lag import seconds_behind
from hedgehog_pipeline.monitoring.rules import rules_of
from hedgehog_pipeline.orchestration.checks.freshness import evaluation_of, freshness
from hedgehog_pipeline.orchestration.checks.rules import check_rule
from hedgehog_pipeline.storage.row_counts import is_large
from hedgehog_pipeline.storage.warehouse import Warehouse


def checks_after_load(
    deployment: Deployment, warehouse: Warehouse, tables: Collection[StarTable]
) -> Iterator[AssetCheckEvaluation]:
    """Evaluate the checks of tables that were just loaded.

    A rule that must read all rows of a large table is left to the hourly job.

    Args:
        deployment: the deployment.
        warehouse: its warehouse, after the load.
        tables: the tables that the load wrote to, or whose quarantine it changed.
    """
    for rule in rules_of(warehouse.model.star):
        if rule.table not in tables:
            continue
        if rule.enforced or rule.needs_quarantine or not is_large(warehouse.connection, rule.table):
            yield evaluation_of(check_rule(warehouse, rule, rows=False))
    names = {table.name for table in tables}
    now = datetime.now(timezone.utc)
    lake, parameters = deployment.lake, deployment.parameters
    for result in freshness(names, lambda: seconds_behind(lake, warehouse, parameters, now)):
        yield evaluation_of(result)
