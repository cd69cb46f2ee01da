"""`hedgehog run` next to another extractor that started earlier and commits first."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from hedgehog_pipeline.extraction.capture_request import Mode
from hedgehog_pipeline.runner.runner import run_until_done
from hedgehog_pipeline.sandbox.waiting import await_condition
from hedgehog_pipeline_tests.support.capturing import capture, capturing
from hedgehog_pipeline_tests.support.landed import landed
from hedgehog_pipeline_tests.support.odd_shop import place, seed
from hedgehog_pipeline_tests.support.world import Servers, World


def await_copying(world: World) -> psutil.Process:
    """Wait until a capture runs COPY; return its server process."""
    copying = (
        "select pid from pg_stat_activity where datname = current_database()"
        " and usename = 'reader' and query ilike 'copy %'"
    )
    found: list[int] = []
    assert await_condition(lambda: bool(found.extend(world.shop.execute(copying)) or found), 60)
    return psutil.Process(found[0][0])


@pytest.mark.parametrize(
    "mode",
    [
        Mode.CHANGES,
        Mode.REREAD,
        pytest.param(Mode.SWEEP, marks=pytest.mark.torture),
        pytest.param(Mode.INBOX, marks=pytest.mark.torture),
    ],
)
def test_a_run_whose_capture_is_discarded_captures_again_until_all_rows_are_loaded(
    servers: Servers, mode: Mode
):
    with World.make(servers, part_bytes=200) as world:
        seed(world)
        capture(world)
        place(world.shop)
        with ThreadPoolExecutor() as threads, capturing(world) as finish_first:
            place(world.shop, 100)
            run = threads.submit(lambda: list(run_until_done(world.deployment, mode)))
            reader = await_copying(world)
            reader.suspend()
            try:
                assert finish_first() is not None
            finally:
                reader.resume()
            run.result()
        assert world.query("select count(*) from fact_sales_order") == [(104,)]
        reread = [commit["reread"] for commit in world.commits(world.settings.ingestion_bucket)]
        assert any(reread) == (mode is Mode.REREAD)
        assert capture(world) == Counter()
        assert set(landed(world).values()) == ({1, 2} if mode is Mode.REREAD else {1})
