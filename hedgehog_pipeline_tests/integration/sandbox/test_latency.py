"""`hedgehog latency`: its summary, and the delete detection that it launches."""

import pytest
from dagster_graphql.schema import create_schema
from graphql import parse, validate

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.sandbox import schedule_tick
from hedgehog_pipeline.sandbox.latency import summary


def test_the_summary_has_a_line_for_each_half_and_for_all() -> None:
    lines = summary(
        {"before delete detection": [1.0, 2.0, 3.0], "since delete detection": [8.0, 10.0]}
    )
    assert [line.split() for line in lines.splitlines()] == [
        ["median", "95th", "percentile"],
        ["before", "delete", "detection", "2.0", "s", "2.9", "s"],
        ["since", "delete", "detection", "9.0", "s", "9.9", "s"],
        ["all", "3.0", "s", "9.6", "s"],
    ]


@pytest.mark.parametrize("query", ["_SCHEDULES", "_TICK", "_LAUNCH"])
def test_the_queries_fit_the_graphql_schema_of_dagster(query: str) -> None:
    document = parse(getattr(schedule_tick, query))
    assert validate(create_schema().graphql_schema, document) == []


def test_a_stopped_dagster_is_reported() -> None:
    with pytest.raises(HedgehogError, match="port 1 does not answer"):
        schedule_tick.launch_tick(1, "sweep")
