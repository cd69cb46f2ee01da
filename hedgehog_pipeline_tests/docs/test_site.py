"""`make docs` builds the site of the pages without a warning."""

import subprocess
import sys
from pathlib import Path

from hedgehog_pipeline_tests.docs.pages import REPOSITORY
from hedgehog_pipeline_tests.makefile import commands_of


def test_the_site_builds_and_contains_every_page(tmp_path: Path) -> None:
    *_, (program, *words, target) = commands_of("docs")
    assert target.startswith("docs/")
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
    built = {
        page.relative_to(tmp_path / "site").stem for page in (tmp_path / "site").rglob("*.html")
    }
    assert {page.stem for page in (REPOSITORY / "docs").glob("*.md")} <= built
