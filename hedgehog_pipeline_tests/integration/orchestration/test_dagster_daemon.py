"""Dagster's daemon shuts down in order."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from dagster import DagsterInstance
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon import cli, controller
from dagster._daemon.daemon import DagsterDaemon

from hedgehog_pipeline.orchestration import dagster_daemon


class _Ticking(DagsterDaemon):
    """A daemon with a tick that runs until the daemon itself is ended."""

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(1)
        self.tick_started, self.ending = Event(), Event()
        self.tick: Future[Any] = Future()

    @classmethod
    def daemon_type(cls) -> str:
        return "SENSOR"

    def core_loop(self, workspace_process_context: Any, shutdown_event: Event) -> Iterator[None]:
        def tick() -> object:
            self.tick_started.set()
            self.ending.wait(60)
            opened = workspace_process_context.create_request_context()
            return opened.get_code_location_entries()

        self.tick = self._pool.submit(tick)
        while True:
            yield None
            shutdown_event.wait(60)

    def __exit__(self, *_raised: object) -> None:
        self.ending.set()
        self._pool.shutdown()


def test_a_running_tick_ends_before_the_workspace_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []
    daemon = _Ticking()
    close = controller.WorkspaceProcessContext.__exit__

    def closing(self: Any, *raised: Any) -> None:
        closed.append(daemon.tick.done())
        close(self, *raised)

    def run() -> None:
        with (
            DagsterInstance.local_temp(str(tmp_path)) as instance,
            controller.daemon_controller_from_instance(
                instance, EmptyWorkspaceTarget(), gen_daemons=lambda _instance: [daemon]
            ),
        ):
            assert daemon.tick_started.wait(60)

    monkeypatch.setattr(controller, "DagsterDaemonController", controller.DagsterDaemonController)
    monkeypatch.setattr(controller.WorkspaceProcessContext, "__exit__", closing)
    monkeypatch.setattr(cli, "main", run)
    dagster_daemon.main()
    assert closed == [True]
    assert daemon.tick.result() == {}
