"""Sensors, schedules and numbers of assets that pages name exist under that name."""

import re

from hedgehog_pipeline.definitions import defs
from hedgehog_pipeline_tests.support.pages import Page
from hedgehog_pipeline_tests.support.repository import REPOSITORY


def test_the_runbook_names_every_sensor_and_schedule() -> None:
    named = Page(REPOSITORY / "docs" / "operations.md").inline_code
    assert {each.name for each in (*(defs.sensors or []), *(defs.schedules or []))} <= set(named)


def test_the_readme_has_the_number_of_assets() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    numbers = set(re.findall(r"(\d+) assets", text))
    assert numbers == {str(len(defs.resolve_asset_graph().get_all_asset_keys()))}
