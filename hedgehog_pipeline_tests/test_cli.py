"""The command where the sandbox is not installed, as in the image."""

import sys

import pytest
from click.testing import CliRunner

from hedgehog_pipeline.cli import hedgehog
from hedgehog_pipeline.errors import HedgehogError


def test_without_the_sandbox_its_commands_are_not_listed_and_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "demo" in CliRunner().invoke(hedgehog, ["--help"]).output
    monkeypatch.setitem(sys.modules, "faker", None)
    told = CliRunner().invoke(hedgehog, ["--help"])
    assert told.exit_code == 0
    assert "status" in told.output
    assert "demo" not in told.output
    with pytest.raises(HedgehogError, match="pip install 'hedgehog-pipeline"):
        CliRunner().invoke(hedgehog, ["demo"], catch_exceptions=False)


def test_options_that_go_together_are_asked_for_together() -> None:
    told = CliRunner().invoke(hedgehog, ["run", "--allow-mass-delete"])
    assert told.exit_code == 2
    assert "goes with --sweep" in told.output
