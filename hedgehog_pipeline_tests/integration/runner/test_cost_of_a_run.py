"""What one changed row costs: connections, S3 requests and the way of a run through the code."""

import sys
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import FrameType

import psycopg
import pytest
from botocore.endpoint import Endpoint

import hedgehog_pipeline
from hedgehog_pipeline_tests.support.world import World

_PACKAGE = str(Path(hedgehog_pipeline.__file__).parent)
_CHANGE = "update currency set currency_code = 'XXX' where currency_id = 1"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The connections that are opened from now on, by database."""
    opened = Counter[str]()
    connect = psycopg.Connection[tuple[object, ...]].connect

    def counted(*arguments: object, **keywords: object) -> object:
        connection = connect(*arguments, **keywords)
        opened[connection.info.dbname] += 1
        return connection

    monkeypatch.setattr(psycopg.Connection, "connect", counted)
    monkeypatch.setattr(psycopg, "connect", counted)
    return opened


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The requests to AWS from now on, by service and operation."""
    sent = Counter[str]()
    make_request = Endpoint.make_request

    def counted(endpoint: Endpoint, operation: object, request: object) -> object:
        sent[f"{operation.service_model.service_name} {operation.name}"] += 1
        return make_request(endpoint, operation, request)

    monkeypatch.setattr(Endpoint, "make_request", counted)
    return sent


def test_one_changed_row_takes_few_connections_and_requests(
    opened: World,
    connections: Counter[str],
    requests: Counter[str],
    tell: Callable[[str], None],
):
    opened.shop.execute(_CHANGE)
    stages = opened.run()
    tell(f"one changed row: connections {dict(connections)}, requests {dict(requests)}")
    assert [run.stage for run in stages] == ["extraction", "processing", "storage"]
    assert connections[opened.warehouse_database] == 1
    assert connections[opened.shop_database] <= 2  # the second wakes the WAL writer, if it must
    assert sum(count for name, count in requests.items() if name.startswith("s3 ")) <= 75


def test_one_changed_row_moves_through_the_code_in_few_steps(
    opened: World, tell: Callable[[str], None]
):
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(_PACKAGE) and code.co_name[0] != "<":
            calls.append((code.co_filename, code.co_name))

    opened.change(_CHANGE)  # what is imported and cached once is no part of the way
    opened.shop.execute(_CHANGE.replace("XXX", "YYY"))
    sys.setprofile(note)
    try:
        opened.run()
    finally:
        sys.setprofile(None)
    files, moves = {file for file, _ in calls}, sum(1 for _ in groupby(file for file, _ in calls))
    tell(f"one changed row: {len(files)} files, {len(set(calls))} functions, {moves} moves")
    assert len(files) <= 78
    assert moves <= 2200
