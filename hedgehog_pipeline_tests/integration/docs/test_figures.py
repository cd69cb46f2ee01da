"""Limits on the pages are those of the code; speeds in the README are those of the scale page."""

import re
from datetime import timedelta

import pytest

from hedgehog_pipeline import deployment
from hedgehog_pipeline.aws.clients import TIMEOUTS
from hedgehog_pipeline.extraction.source import _OLDEST
from hedgehog_pipeline.lake.csv_records import MAX_BYTES
from hedgehog_pipeline.model.columns import _MAX_DECIMALS, _MAX_DIGITS
from hedgehog_pipeline.monitoring import health
from hedgehog_pipeline.monitoring.rules import MAX_INFERRED_AGE
from hedgehog_pipeline.orchestration.checks.freshness import FAIL_AFTER, WARN_AFTER
from hedgehog_pipeline.postgres.connection import SILENCE_SECONDS
from hedgehog_pipeline.scheduling.retry import MAX_ATTEMPTS
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_MIB = 1024 * 1024
_MINUTE = timedelta(minutes=1)
_WORDS = {timedelta(hours=1): "an hour", _MINUTE: "a minute"}
_WARNING_MINUTES, _ERROR_MINUTES = WARN_AFTER // _MINUTE, FAIL_AFTER // _MINUTE
_LIMITS = [
    ("design.md", f"AWS has {TIMEOUTS.read_timeout} seconds to answer."),
    ("design.md", f"nothing for {_WORDS[timedelta(seconds=SILENCE_SECONDS)]}: a large statement"),
    ("design.md", f"A record may have {MAX_BYTES // _MIB} MiB."),
    ("design.md", f"of {deployment._LARGE // _MIB} MiB or more, goes"),
    ("design.md", f"(warning at {_WARNING_MINUTES} minutes, error at {_ERROR_MINUTES})"),
    ("design.md", f"when the lag passes {_ERROR_MINUTES} minutes"),
    ("design.md", f"cannot be reached for {_WORDS[health.GRACE]}"),
    ("design.md", f"no inferred member older than {_WORDS[MAX_INFERRED_AGE]}"),
    ("operations.md", f'"failed {MAX_ATTEMPTS} times on commit"'),
    ("your-own-shop.md", f"PostgreSQL {_OLDEST // 10000} or newer"),
    ("your-own-shop.md", f"at most {_MAX_DIGITS} and {_MAX_DECIMALS};"),
]

_ROW = re.compile(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]*) ?\|$", flags=re.MULTILINE)


def test_the_readme_has_the_speeds_of_the_scale_page() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    scale = (REPOSITORY / "docs" / "scale.md").read_text()
    speeds = {
        name: figures
        for name, *figures in _ROW.findall(readme.partition("## How fast")[2].partition("\n## ")[0])
    }
    assert set(speeds) >= {"Hedgehog", "dlt 1.31", "Sling 1.4.11"}
    for name, (initial, changes) in speeds.items():
        label = name.removeprefix("a binary COPY into a bare table, the ")
        assert re.search(rf"^\| {label}\b[^|]*\| {initial} \|", scale, flags=re.MULTILINE), name
        if changes:
            tool = "" if name == "Hedgehog" else f"{name.split()[0]} "
            assert f"| {tool}with 1,000 changes | {changes} |" in scale


@pytest.mark.parametrize(("page", "sentence"), _LIMITS)
def test_a_limit_on_a_page_is_that_of_the_code(page: str, sentence: str) -> None:
    assert sentence in " ".join((REPOSITORY / "docs" / page).read_text().split())
