"""Own assets that read the day before: on their first day it is empty."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from dagster import (
    AssetIn,
    AssetsDefinition,
    AssetSelection,
    DagsterInstance,
    Definitions,
    TimeWindowPartitionMapping,
    asset,
    define_asset_job,
)

from hedgehog_pipeline.definitions import platform
from hedgehog_pipeline.model.columns import arrow_schema
from hedgehog_pipeline.model.tables import PROCESSED_COMMIT
from hedgehog_pipeline.orchestration.partitions import DAYS
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline_tests.support.demo_model import STAR
from hedgehog_pipeline_tests.support.world import World

_DAY_BEFORE = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _own(name: str, inputs: Mapping[str, AssetIn]) -> Any:
    return asset(name=name, ins=inputs, partitions_def=DAYS, io_manager_key="parquet")


def test_on_the_first_day_the_day_before_has_no_rows(opened: World) -> None:
    found: dict[str, pa.Table] = {}
    table = STAR["fact_payment"]

    @_own(
        "of_payments",
        {
            "oltp": AssetIn(["oltp", "payment"], partition_mapping=_DAY_BEFORE),
            "star": AssetIn(["star", table.name], partition_mapping=_DAY_BEFORE),
            "warehouse": AssetIn(["warehouse", table.name], partition_mapping=_DAY_BEFORE),
        },
    )
    def of_payments(oltp: pa.Table, star: pa.Table, warehouse: pa.Table) -> pa.Table:
        found.update(oltp=oltp, star=star, warehouse=warehouse)
        return star

    _materialise(opened, of_payments, DAYS.get_partition_keys()[0])
    assert {layer: rows.num_rows for layer, rows in found.items()} == dict.fromkeys(found, 0)
    assert found["star"].schema == arrow_schema((*table.landed_columns, PROCESSED_COMMIT))
    assert found["warehouse"].schema == arrow_schema(stored_columns(table))


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table])
def test_an_asset_that_reads_its_own_day_before_starts_with_an_empty_frame(
    opened: World, kind: type
) -> None:
    seen: list[int] = []

    def days(days: Any) -> pd.DataFrame:
        seen.append(len(days))
        return pd.DataFrame({"n": range(len(days) + 1)})

    days.__annotations__["days"] = kind
    own = _own("days", {"days": AssetIn(partition_mapping=_DAY_BEFORE)})(days)
    for day in DAYS.get_partition_keys()[:3]:
        _materialise(opened, own, day)
    assert seen == [0, 1, 2]


def _materialise(world: World, own: AssetsDefinition, day: str) -> None:
    job = define_asset_job("own", AssetSelection.assets(own.key))
    defs = Definitions.merge(platform(world.settings), Definitions(assets=[own], jobs=[job]))
    with DagsterInstance.ephemeral() as instance:
        defs.resolve_job_def("own").execute_in_process(
            instance=instance, partition_key=day, run_config=_QUIET
        )
