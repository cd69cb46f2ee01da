"""The warehouse has, value for value, the result of handwritten SQL on the source."""

from collections.abc import Callable
from typing import Any

import pytest

from hedgehog_pipeline_tests.support.shops import SAMPLE
from hedgehog_pipeline_tests.support.truth import TABLES, differences
from hedgehog_pipeline_tests.support.world import World

_SHOPS = [
    pytest.param(
        World.load_sample,
        id="sample",
        marks=pytest.mark.skipif(not SAMPLE.exists(), reason="the real shop's sample is absent"),
    ),
    pytest.param(lambda world: world.load_archive(orders=300), id="generated archive"),
]


@pytest.mark.parametrize("fill", _SHOPS)
def test_the_warehouse_equals_the_source(world: World, fill: Callable[[World], None]) -> None:
    fill(world)
    runs = world.run()
    assert {run.stage for run in runs} == {"extraction", "processing", "storage"}
    assert differences(world) == {}

    before = _traces(world)
    assert world.run() == []
    assert _traces(world) == before


def _traces(world: World) -> dict[str, Any]:
    """Return the keys of both buckets, and each row's ctid and xmin, which any write changes."""
    settings = world.settings
    buckets = (settings.ingestion_bucket, settings.processed_bucket)
    rows = {table: world.query(f"select ctid::text, xmin::text from {table}") for table in TABLES}
    return rows | {bucket: world.keys(bucket) for bucket in buckets}
