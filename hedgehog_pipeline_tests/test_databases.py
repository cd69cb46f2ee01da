"""Connections that a pooler may share out: each transaction may meet another session."""

import pytest

from hedgehog_pipeline import databases
from hedgehog_pipeline.databases import read_credentials
from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.operations.reconcile import reconcile
from hedgehog_pipeline.operations.reconciled import RECONCILED
from hedgehog_pipeline_tests.pooled import Pooled
from hedgehog_pipeline_tests.torture.machine.stages import Stages
from hedgehog_pipeline_tests.world import World

_OFTEN = 8
"""psycopg prepares a statement when it comes the sixth time."""


def test_runs_sweeps_and_reconciliations_meet_another_session_with_each_transaction(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_Patient", Pooled)
    lake, source = opened.surroundings.lake, opened.surroundings.source
    warehouse_as = read_credentials(opened.settings.warehouse_secret, role="warehouse")
    stages = Stages(lake, source, warehouse_as, slice_rows=1000)
    for number in range(_OFTEN):
        opened.shop.execute("update design set file_name = %s", [f"{number}.json"])
        with stages.extracting() as extraction:
            extraction.write()
            commit = extraction.append()
        assert commit is not None
        assert isinstance(stages.process([commit]), ProcessedCommit)
    with opened.surroundings.watch_shop() as watch:
        assert [watch.changed_tables() for _ in range(_OFTEN)] == [()] * _OFTEN
    opened.run()
    opened.change("delete from payment")
    opened.sweep()
    with opened.surroundings.warehouse() as warehouse:
        assert warehouse.migrate() == []
        assert warehouse.missing(lake.processed.end()) == []
        for found in reconcile(lake, warehouse, source.moment, list(RECONCILED.values())):
            assert found.verdict == "ok", str(found)
    assert Pooled.met > 100
