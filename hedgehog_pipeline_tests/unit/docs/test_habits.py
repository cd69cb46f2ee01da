"""Workflows and hooks run existing targets and tools, pinned, with no more rights than needed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hedgehog_pipeline_tests.support.repository import REPOSITORY

_WORKFLOWS = [*(REPOSITORY / ".github" / "workflows").glob("*.yml")]
_TARGETS = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("workflow", _WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_read_rights_pinned_actions_and_a_timeout(workflow: Path) -> None:
    content: dict[str, Any] = yaml.safe_load(workflow.read_text())
    assert content["permissions"] == {"contents": "read"}
    for job in content["jobs"].values():
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", "a/b@" + "0" * 40))
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
            if found := re.match(r"make (\S+)", step.get("run", "")):
                assert found[1] in _TARGETS


def test_hooks_fetch_nothing_and_run_the_tools_of_make_lint() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    (local,) = hooks["repos"]
    assert local["repo"] == "local"
    commands = " ".join(hook["entry"] for hook in local["hooks"])
    lint = re.search(
        r"^lint:.*\n((?:\t.*\n)+)", (REPOSITORY / "Makefile").read_text(), re.MULTILINE
    )
    assert lint
    tools = set(re.findall(r"\$\(BIN\)/(\w+)", lint[1]))
    assert {"ruff", "pyright"} <= tools
    assert tools <= set(re.findall(r"\.venv/bin/(\w+)", commands))
    for name in re.findall(r"hedgehog_pipeline_tests/\S+", commands):
        assert (REPOSITORY / name).exists()
