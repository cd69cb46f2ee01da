"""The page of both schemas and its diagrams agree with the declarations."""

import pytest

from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.makefile import commands_of
from hedgehog_pipeline_tests.support.pages import Page
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.schema_page import schema_files

((*_, _WRITTEN),) = commands_of("schema")
_FOLDER = REPOSITORY / _WRITTEN
_FILES = schema_files()


@pytest.mark.parametrize("name", _FILES)
def test_a_file_is_up_to_date(name: str) -> None:
    assert (_FOLDER / name).read_text(encoding="utf-8") == _FILES[name], "run `make schema`"


def test_every_table_has_a_heading() -> None:
    assert Page(_FOLDER / "schema.md").anchors >= {*SOURCE, *STAR}


@pytest.mark.parametrize("name", ["README.md", "docs/schema.md"])
def test_a_page_shows_both_diagrams(name: str) -> None:
    page = Page(REPOSITORY / name)
    shown = {page.path.parent / link for link in page.links}
    assert shown >= {_FOLDER / file for file in _FILES if file.endswith(".svg")}
