"""The asset checks of the warehouse: each rule on each table, over one connection, every hour."""

from collections.abc import Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetSelection,
    DefaultScheduleStatus,
    Definitions,
    ScheduleDefinition,
    define_asset_job,
    multi_asset_check,
)

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.monitoring.rules import Rule, find_violations, is_enforced, rules_of
from hedgehog_pipeline.orchestration.asset_keys import asset_key
from hedgehog_pipeline.storage.foreign_keys import is_initial_load_complete
from hedgehog_pipeline.storage.tables import has_quarantine, has_table
from hedgehog_pipeline.storage.warehouse import Warehouse

CHECKS = "checks"
"""The job and its schedule."""

_DESCRIPTION = """\
Checks the rows of every warehouse table: keys are unique, required columns are filled, foreign keys
exist, no placeholder row is old, the quarantine is empty. It only reads, and only the warehouse.

Launched by the schedule `checks`, every hour; the sensor `past_days`, once a day. A load itself
checks the tables that it wrote.

By hand: at any time. The results are on the page of each asset `warehouse/...`, tab Checks.
"""


def rule_checks(deployment: Deployment) -> Definitions:
    """Define the checks of the rules, the job that evaluates them, and its schedule."""
    rules = list(rules_of(deployment.model.star))

    @multi_asset_check(
        name="check_warehouse",
        specs=[
            AssetCheckSpec(
                rule.name, asset=check_key_of(rule).asset_key, description=rule.description
            )
            for rule in rules
        ],
        can_subset=True,
    )
    def check_warehouse(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        """Check the warehouse against the declarations."""
        with deployment.warehouse() as warehouse:
            for rule in rules:
                if check_key_of(rule) in context.selected_asset_check_keys:
                    yield check_rule(warehouse, rule)

    job = define_asset_job(
        CHECKS,
        AssetSelection.checks(check_warehouse),
        description=_DESCRIPTION,
        tags=deployment.settings.tags_of(CHECKS),
    )
    schedule = ScheduleDefinition(
        name=CHECKS,
        job_name=CHECKS,
        cron_schedule="0 * * * *",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Checks the rows of every warehouse table every hour.",
    )
    return Definitions(asset_checks=[check_warehouse], jobs=[job], schedules=[schedule])


def check_key_of(rule: Rule) -> AssetCheckKey:
    """Return the key of the check for a rule."""
    return AssetCheckKey(asset_key("warehouse", rule.table.name), rule.name)


def check_rule(warehouse: Warehouse, rule: Rule, *, rows: bool = True) -> AssetCheckResult:
    """Check a table against a rule.

    Args:
        warehouse: the warehouse, prepared or not.
        rule: the rule.
        rows: whether to read the rows even if PostgreSQL itself enforces the rule.
    """
    if not warehouse.is_prepared():
        return _result(rule, "Not checked: nothing is loaded yet.")
    if not has_table(warehouse.connection, rule.table):
        missing = "The table is missing. The next load creates it again, but with new rows only: "
        return _result(rule, f"{missing}materialize this asset for every day.", passed=False)
    if rule.needs_quarantine and not has_quarantine(warehouse.connection):
        return _result(
            rule,
            "Not checked: hedgehog.open_quarantine is missing; the next load creates it again.",
        )
    if rule.needs_initial_load and not is_initial_load_complete(warehouse.connection):
        return _result(
            rule, "Not checked: the foreign keys are added at the end of the initial load."
        )
    if not rows and is_enforced(warehouse.connection, rule):
        return _result(rule, rule.description)
    faults = find_violations(warehouse.connection, rule)
    return _result(
        rule,
        f"Rows that break this rule: {faults.count}. {rule.advice}"
        if faults.count
        else rule.description,
        faults.count,
        faults.examples,
        passed=not faults.count,
    )


def _result(
    rule: Rule,
    description: str,
    count: int = 0,
    examples: list[str] | None = None,
    *,
    passed: bool = True,
) -> AssetCheckResult:
    return AssetCheckResult(
        asset_key=check_key_of(rule).asset_key,
        check_name=rule.name,
        passed=passed,
        severity=AssetCheckSeverity.WARN if rule.warns else AssetCheckSeverity.ERROR,
        description=description,
        metadata={"count": count, "examples": examples or []},
    )
