"""Dagster's UI in Chromium, while the demo shop trades."""

import re
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from playwright.sync_api import Page, expect

from hedgehog_pipeline.definitions import defs
from hedgehog_pipeline.storage.ddl import stored_columns
from hedgehog_pipeline_tests.proofs.browser.ui import CHROMIUM, GROUPS, Ui, nodes, ui_at_work
from hedgehog_pipeline_tests.support.demo_model import STAR

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="There is no chromium on this machine."),
]

FACT = "/assets/warehouse/fact_sales_order"
SENSORS = "/locations/hedgehog/sensors"
LINEAGE = """{ assetNodeOrError(assetKey: {path: ["warehouse", "fact_sales_order"]}) {
    ... on AssetNode { metadataEntries { ... on TableColumnLineageMetadataEntry {
        lineage { columnName columnDeps { assetKey { path } columnName } } } } } } }"""


@pytest.fixture(scope="module")
def ui() -> Iterator[Ui]:
    with ui_at_work() as ui:
        yield ui


def names(page: Page) -> list[str]:
    return sorted(nodes(page).locator("[class*=assetName]").all_inner_texts())


def test_the_graph_shows_39_assets_in_four_groups_and_every_edge(ui: Ui) -> None:
    graph = defs.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    with ui.graph() as page:
        assert names(page) == sorted(key.path[-1] for key in keys)
        headers = page.locator("[class*=groupNodeHeaderBox]")
        assert sorted(headers.all_inner_texts()) == sorted(GROUPS)
        edges = sum(len(graph.get(key).parent_keys) for key in keys)
        expect(page.locator("path[marker-end]")).to_have_count(edges)


def test_the_lineage_of_a_fact_goes_back_to_its_source_table(ui: Ui) -> None:
    with ui.page(f"{FACT}?view=lineage") as page:
        page.get_by_role("button", name="Upstream").click()
        page.get_by_role("button", name="All", exact=True).click()
        expect(nodes(page)).to_have_count(3)
        assert names(page) == ["fact_sales_order", "fact_sales_order", "sales_order"]
        expect(page.locator("path[marker-end]")).to_have_count(2)


def test_materialize_launches_a_run_that_succeeds(ui: Ui) -> None:
    with ui.page("/assets/star/fact_sales_order") as page:
        today = datetime.now(timezone.utc).date().isoformat()
        page.get_by_role("button", name="Materialize").click()
        page.get_by_role("button", name="Latest").click()
        page.get_by_role("button", name="Launch 1 run").click()
        page.get_by_text("View", exact=True).click()
        page.wait_for_url(re.compile("/runs/"))
        expect(page.get_by_text("Success", exact=True).first).to_be_visible()
        expect(page.get_by_text(today).first).to_be_visible()


def test_the_automation_page_shows_running_sensors(ui: Ui) -> None:
    with ui.page("/automation") as page:
        for name in ("shop", "ingestion_log", "processed_log"):
            row = page.locator("[class*=row]", has=page.get_by_text(name, exact=True))
            expect(row.get_by_role("checkbox").last).to_be_checked()


@pytest.mark.parametrize(
    ("sensor", "result"),
    [
        ("shop", "1 run requested"),
        ("shop", "0 runs requested"),
        ("ingestion_log", "0 runs requested"),
        ("processed_log", "0 runs requested"),
    ],
)
def test_a_sensor_ticks_without_failure(ui: Ui, sensor: str, result: str) -> None:
    with ui.page(f"{SENSORS}/{sensor}") as page:
        ticks = page.locator("tbody tr", has_text="View logs")
        expect(ticks.filter(has_text=result).first).to_be_visible()
        expect(ticks.filter(has_text="Fail")).to_have_count(0)


def test_a_table_shows_its_columns(ui: Ui) -> None:
    with ui.page(FACT) as page:
        for column in stored_columns(STAR["fact_sales_order"]):
            named = page.locator("tr", has=page.get_by_text(column.name, exact=True))
            row = named.filter(has_text=column.description)  # the preview has column names, too
            expect(row).to_contain_text(column.type.sql)


def test_a_table_plots_the_numbers_of_its_loads(ui: Ui) -> None:
    with ui.page(FACT) as page:
        page.get_by_role("button", name="Plots").click()
        page.get_by_role("button", name="Events").click()
        rows = ("dagster/partition_row_count", "dagster/row_count", "rows written")
        numbers = (*rows, "bytes", "seconds")
        for number in numbers:
            expect(page.get_by_text(number, exact=True).first).to_be_visible()
        expect(page.locator("canvas")).to_have_count(len(numbers))


def test_column_lineage_names_the_source_of_each_column(ui: Ui) -> None:
    # The UI of open-source Dagster has no page for column lineage; its API has it.
    entries = ui.ask(LINEAGE)["assetNodeOrError"]["metadataEntries"]
    (lineage,) = (entry["lineage"] for entry in entries if entry)
    sources = {
        column["columnName"]: [(dep["assetKey"]["path"], dep["columnName"]) for dep in deps]
        for column in lineage
        if (deps := column["columnDeps"])
    }
    assert sources["unit_price"] == [(["star", "fact_sales_order"], "unit_price")]


def test_a_table_shows_its_checks_and_executes_one(ui: Ui) -> None:
    with ui.page(f"{FACT}?view=checks") as page:
        for check in ("columns_not_null", "freshness", "identity_unique", "references_present"):
            expect(page.get_by_text(check, exact=True).first).to_be_visible()
        page.get_by_text("identity_unique", exact=True).first.click()
        page.get_by_text("Execute", exact=True).click()
        page.get_by_text("Execution history").click()
        expect(page.get_by_text("Passed", exact=True).first).to_be_visible()


def test_a_chapter_of_the_report_shows_its_picture(ui: Ui) -> None:
    with ui.page("/assets/report/best_designs?view=events") as page:
        page.get_by_text("Show Markdown").first.click()
        picture = page.get_by_role("img", name=re.compile("Bar chart of the totes sold"))
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") > 300
