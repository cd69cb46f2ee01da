"""Connections through a pooler, and which errors count as an outage."""

import errno

import psycopg
import pytest
from botocore.exceptions import ClientError
from sqlalchemy.exc import OperationalError

from hedgehog_pipeline.errors import HedgehogError, UnreachableError
from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.postgres import connection as databases
from hedgehog_pipeline.postgres.connection import is_outage, read_credentials
from hedgehog_pipeline.reconciliation.reconcile import reconcile
from hedgehog_pipeline_tests.proofs.torture.machine.stages import Stages
from hedgehog_pipeline_tests.support.demo_model import RECONCILED
from hedgehog_pipeline_tests.support.pooled import Pooled
from hedgehog_pipeline_tests.support.world import World

_OFTEN = 8
"""psycopg prepares a statement when it runs for the sixth time."""


def test_runs_delete_detections_and_reconciliations_work_with_another_session_for_each_transaction(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_Polled", Pooled)
    lake, source = opened.deployment.lake, opened.deployment.source
    credentials = read_credentials(opened.settings.warehouse_secret, role="warehouse")
    stages = Stages(lake, source, credentials, slice_rows=1000)
    for number in range(_OFTEN):
        opened.shop.execute("update design set file_name = %s", [f"{number}.json"])
        with stages.extracting() as extraction:
            extraction.write()
            commit = extraction.append()
        assert commit is not None
        assert isinstance(stages.process([commit]), ProcessedCommit)
    with opened.deployment.watch_source() as watch:
        assert [watch.changed_tables() for _ in range(_OFTEN)] == [()] * _OFTEN
    opened.run()
    opened.change("delete from payment")
    opened.detect_deletes()
    with opened.deployment.warehouse() as warehouse:
        assert warehouse.migrate() == []
        assert warehouse.missing(lake.processed.end()) == []
        for found in reconcile(lake, warehouse, source.open_snapshot, list(RECONCILED.values())):
            assert found.verdict == "ok", str(found)
    assert Pooled.switches > 100


def _of_s3(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetObject")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("unreachable"),
        psycopg.OperationalError("the connection is lost"),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.DiskFull(),
        psycopg.errors.InvalidPassword(),
        psycopg.errors.InsufficientPrivilege(),
        _of_s3("SlowDown", 503),
        _of_s3("ExpiredToken", 400),
        ConnectionResetError(),
        OSError(errno.ENOSPC, "No space left on device"),
        OperationalError("select", {}, Exception("Dagster's own database is down")),
    ],
)
def test_an_error_of_a_server_or_the_machine_is_an_outage(error: Exception) -> None:
    assert is_outage(error)
    wrapper = HedgehogError("message")
    wrapper.__cause__ = error
    assert is_outage(wrapper)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.ProgramLimitExceeded(),
        psycopg.errors.QueryCanceled(),
        psycopg.errors.NotNullViolation(),
        _of_s3("InvalidObjectState", 403),
        _of_s3("AccessDenied", 403),
        _of_s3("KMS.DisabledException", 400),
        OSError("Couldn't deserialize thrift"),
        OverflowError(),
    ],
)
def test_an_error_that_a_single_commit_may_cause_is_no_outage(error: Exception) -> None:
    assert not is_outage(error)
