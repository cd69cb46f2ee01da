"""The seconds of changes before and since a sweep are told apart."""

import pytest
from dagster_graphql.schema import create_schema
from graphql import parse, validate

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.sandbox import schedule_tick
from hedgehog_pipeline.sandbox.latency import summary


def test_each_half_and_all_have_a_line() -> None:
    lines = summary({"before the sweep": [1.0, 2.0, 3.0], "since the sweep": [8.0, 10.0]})
    assert [line.split() for line in lines.splitlines()] == [
        ["median", "95th", "percentile"],
        ["before", "the", "sweep", "2.0", "s", "2.9", "s"],
        ["since", "the", "sweep", "9.0", "s", "9.9", "s"],
        ["all", "3.0", "s", "9.6", "s"],
    ]


@pytest.mark.parametrize("query", ["_SCHEDULES", "_TICK", "_LAUNCH"])
def test_dagster_understands_what_it_is_asked_for_a_tick(query: str) -> None:
    asked = parse(getattr(schedule_tick, query))
    assert validate(create_schema().graphql_schema, asked) == []


def test_a_dagster_that_does_not_run_is_told() -> None:
    with pytest.raises(HedgehogError, match="port 1 does not answer"):
        schedule_tick.launch_tick(1, "sweep")
