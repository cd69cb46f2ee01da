"""`hedgehog dev` starts the webserver and the daemon of Hedgehog instead of those of Dagster."""

import inspect
import sys

import pytest
from dagster._cli import dev

from hedgehog_pipeline.orchestration import dagster_daemon, dagster_dev, dagster_webserver
from hedgehog_pipeline.sandbox import dev as hedgehog_dev


@pytest.mark.parametrize(
    ("part", "ours"),
    [("dagster_webserver", dagster_webserver), ("dagster._daemon", dagster_daemon)],
)
def test_a_process_of_dagster_is_replaced_by_that_of_hedgehog(
    monkeypatch: pytest.MonkeyPatch, part: str, ours: object
) -> None:
    opened: list[list[str]] = []
    monkeypatch.setattr(
        dagster_dev, "open_ipc_subprocess", lambda command, **_options: opened.append(command)
    )
    assert f'"{part}"' in inspect.getsource(dev)
    dagster_dev.open_ours([sys.executable, "-m", part])
    assert opened == [[sys.executable, "-m", ours.__name__]]
    assert dagster_dev.__name__ in hedgehog_dev._DAGSTER
