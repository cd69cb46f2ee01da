"""The page of both schemas agrees with the declarations."""

import re

from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.model.star import STAR, Fact
from hedgehog_pipeline_tests.docs.pages import REPOSITORY, Page
from hedgehog_pipeline_tests.docs.schema_page import schema_page
from hedgehog_pipeline_tests.makefile import commands_of

((*_, _WRITTEN),) = commands_of("schema")
_PAGE = Page(REPOSITORY / _WRITTEN)


def test_the_page_is_up_to_date() -> None:
    assert _PAGE.path.read_text(encoding="utf-8") == schema_page(), "run `make schema`"


def test_every_table_has_a_heading_and_every_fact_a_diagram_with_its_dimensions() -> None:
    assert _PAGE.anchors >= {*SOURCE, *STAR}
    source, *stars = [block.text for block in _PAGE.blocks if block.language == "mermaid"]
    assert _entities(source) == {*SOURCE}
    facts = [table for table in STAR.values() if isinstance(table, Fact)]
    for fact, star in zip(facts, stars, strict=True):
        referenced = {column.references for column in fact.columns if column.references}
        assert _entities(star) == {fact.name, *referenced}
        assert set(re.findall(r"(\w+) \|\|--o\{", star)) == referenced


def _entities(diagram: str) -> set[str]:
    return set(re.findall(r"^ +(\w+) \{$", diagram, flags=re.MULTILINE))
