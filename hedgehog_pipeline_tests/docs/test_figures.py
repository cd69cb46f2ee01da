"""The README's figures are those of the page that says how they were measured."""

import re

from hedgehog_pipeline_tests.docs.pages import REPOSITORY

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
