"""The benchmark itself works; no figure of it is judged here."""

import json
from pathlib import Path

import pytest

from hedgehog_pipeline_tests.benchmark.__main__ import main


@pytest.mark.timeout(600)
def test_every_work_is_measured_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    figures = tmp_path / "figures.json"
    main(["--orders=3000", "--schema-orders=300", "--rounds=1", f"--json={figures}"])
    told = json.loads(figures.read_text())
    measured = {(cost["work"], cost["by"]) for cost in told["costs"]}
    assert measured >= {
        ("archive of the whole schema", "naive pandas"),
        ("the archive", "floor"),
        ("1,000 changes", "hedgehog"),
        ("imports", "hedgehog"),
    }
    assert all(turn["seconds"] > 0 for cost in told["costs"] for turn in cost["turns"])
    assert all(count > 0 for count in told["touched"].values())
    printed = capsys.readouterr().out
    assert all(work in printed for work, _ in measured)
