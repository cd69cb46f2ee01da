"""The model in docs/your-own-shop.md runs as printed."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hedgehog_pipeline_tests.support.another_shop import OtherShop
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.servers import Servers

_PAGE = (REPOSITORY / "docs" / "your-own-shop.md").read_text()
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LOANS = """
    insert into reader (full_name) values ('Ada Byron'), ('Mary Somerville');
    insert into loan (reader_no, title, lent_on, fine, changed) values
        (1, 'Emma', '2026-06-01', 0.5, '2026-06-01'),
        (1, 'Evelina', '2026-06-09', 1.25, '2026-06-09'),
        (2, 'Emma', '2026-07-01', null, '2026-07-01')
"""


def _blocks(language: str) -> list[str]:
    return [text for found, text in _BLOCK.findall(_PAGE) if found == language]


@pytest.fixture
def library(servers: Servers) -> Iterator[OtherShop]:
    """The page's model in a folder, and the page's tables in a source database."""
    with TemporaryDirectory() as folder:
        for module in _blocks("python"):
            name, _, code = module.removeprefix("# ").partition("\n")
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(code)
        with OtherShop.make(servers, "library", _blocks("sql")[0], Path(folder)) as deployment:
            deployment.shop.execute(_LOANS.encode())
            yield deployment


def test_the_generated_model_runs(servers: Servers, tmp_path: Path):
    init, export, run = _blocks("sh")[0].splitlines()
    assert export == "export HEDGEHOG_MODEL=library PYTHONPATH=."
    with OtherShop.make(servers, "library", _blocks("sql")[0], tmp_path) as deployment:
        deployment.shop.execute(_LOANS.encode())
        ended = [deployment.hedgehog(*command.split()[1:]) for command in (init, run)]
        assert [each.returncode for each in ended] == [0, 0], ended
        query = "select count(*) from fact_loan join dim_reader using (reader_no)"
        assert deployment.query(query) == [(3,)]


def test_the_documented_model_answers_the_documented_question(library: OtherShop):
    export, *commands = _blocks("sh")[1].splitlines()
    assert export == f"export HEDGEHOG_MODEL={library.settings.model}"
    ended = [library.hedgehog(*command.split()[1:]) for command in commands]
    assert [each.returncode for each in ended] == [0, 0], ended
    compared = {line.split()[0]: line.split()[-1] for line in ended[1].stdout.splitlines()}
    assert compared == {"dim_reader": "ok", "fact_loan": "ok"}
    assert sorted(library.query(_blocks("sql")[1])) == [
        ("Ada Byron", "June", 2, Decimal("1.75")),
        ("Mary Somerville", "July", 1, None),
    ]
