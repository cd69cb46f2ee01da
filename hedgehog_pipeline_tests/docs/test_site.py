"""`make docs` makes the site of the pages without a warning."""

import subprocess
import sys
from pathlib import Path

from hedgehog_pipeline_tests.docs.pages import REPOSITORY
from hedgehog_pipeline_tests.makefile import commands_of


def test_the_site_is_made_and_every_page_is_in_its_table_of_contents(tmp_path: Path) -> None:
    *_, (program, *words, place) = commands_of("docs")
    assert place.startswith("docs/")
    done = subprocess.run(
        [
            Path(sys.executable).parent / Path(program).name,
            *("-d", tmp_path / "doctrees"),
            *(*words, tmp_path / "site"),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = {
        page.relative_to(tmp_path / "site").stem for page in (tmp_path / "site").rglob("*.html")
    }
    assert {page.stem for page in (REPOSITORY / "docs").glob("*.md")} <= made
