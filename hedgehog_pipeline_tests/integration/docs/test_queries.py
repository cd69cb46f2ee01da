"""The README's queries run on a warehouse."""

from hedgehog_pipeline_tests.support.pages import Page
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.world import World


def test_the_queries_of_the_readme_return_rows(opened: World) -> None:
    queries = [b.text for b in Page(REPOSITORY / "README.md").blocks if b.language == "sql"]
    assert queries
    for query in queries:
        assert opened.query(query.rstrip().rstrip(";"))
