"""Bounds in the pages are those of the code, speeds those of the page that measured them."""

import re
from datetime import timedelta

import pytest

from hedgehog_pipeline import deployment as deployment
from hedgehog_pipeline.aws.clients import SILENCE_SECONDS
from hedgehog_pipeline.extraction.source import _OLDEST
from hedgehog_pipeline.lake.csv_records import MAX_LENGTH
from hedgehog_pipeline.model.columns import _MAX_DECIMALS, _MAX_DIGITS
from hedgehog_pipeline.monitoring import health
from hedgehog_pipeline.monitoring.rules import OLD
from hedgehog_pipeline.orchestration.checks.freshness import FAIL_AFTER, WARN_AFTER
from hedgehog_pipeline.postgres.connection import SILENCE_SECONDS as DATABASE_PATIENCE
from hedgehog_pipeline.scheduling.retry import MAX_ATTEMPTS
from hedgehog_pipeline_tests.docs.pages import REPOSITORY

_MIB = 1024 * 1024
_MINUTE = timedelta(minutes=1)
_WORDS = {timedelta(hours=1): "an hour", _MINUTE: "a minute"}
_WARNED, _FAILED = WARN_AFTER // _MINUTE, FAIL_AFTER // _MINUTE
_BOUNDS = [
    ("design.md", f"AWS has {SILENCE_SECONDS.read_timeout} seconds to answer."),
    ("design.md", f"left after {_WORDS[timedelta(seconds=DATABASE_PATIENCE)]}: a large statement"),
    ("design.md", f"A record may have {MAX_LENGTH // _MIB} MiB."),
    ("design.md", f"of {deployment._LARGE // _MIB} MiB or more, goes"),
    ("design.md", f"(warning at {_WARNED} minutes, error at {_FAILED})"),
    ("design.md", f"when the lag passes {_FAILED} minutes"),
    ("design.md", f"cannot be reached for {_WORDS[health.SILENCE_SECONDS]}"),
    ("design.md", f"no inferred member older than {_WORDS[OLD]}"),
    ("operations.md", f'"failed {MAX_ATTEMPTS} times on commit"'),
    ("your-own-shop.md", f"PostgreSQL {_OLDEST // 10000} or newer"),
    ("your-own-shop.md", f"at most {_MAX_DIGITS} and {_MAX_DECIMALS};"),
]

_ROW = re.compile(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]*) ?\|$", flags=re.MULTILINE)


def test_the_speed_that_the_readme_tells_is_that_of_the_scale_page() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    scale = (REPOSITORY / "docs" / "scale.md").read_text()
    told = {
        name: figures
        for name, *figures in _ROW.findall(readme.partition("## How fast")[2].partition("\n## ")[0])
    }
    assert set(told) >= {"Hedgehog", "dlt 1.31", "Sling 1.4.11"}
    for name, (archive, changes) in told.items():
        known = name.removeprefix("a binary COPY into a bare table, the ")
        assert re.search(rf"^\| {known}\b[^|]*\| {archive} \|", scale, flags=re.MULTILINE), name
        if changes:
            who = "" if name == "Hedgehog" else f"{name.split()[0]} "
            assert f"| {who}with 1,000 changes | {changes} |" in scale


@pytest.mark.parametrize(("page", "sentence"), _BOUNDS)
def test_a_bound_that_a_page_tells_is_that_of_the_code(page: str, sentence: str) -> None:
    assert sentence in " ".join((REPOSITORY / "docs" / page).read_text().split())
