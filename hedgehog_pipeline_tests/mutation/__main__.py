"""`make mutation`: change the heart of the code a little, again and again; a test has to notice."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import unified_diff
from itertools import count
from pathlib import Path
from queue import Queue
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

from cosmic_ray.mutating import mutate_code

from hedgehog_pipeline_tests.mutation.operators import OPERATORS

_ROOT = Path(__file__).parents[2]
_AT_ONCE = 2
_LONGEST_TEST = 150
"""Seconds after which a test that a change makes hang has noticed it."""
_PYTEST = [
    sys.executable,
    *f"-m pytest -x -n0 -p no:cacheprovider --timeout {_LONGEST_TEST}".split(),
]

_CAPTURES = (
    "extraction/test_snapshot.py",
    "extraction/test_capture_exactly_once.py",
    "extraction/test_capture_whatever_the_stamp.py",
    "extraction/test_capture_side_by_side.py",
    "extraction/test_counter_wraps.py",
    "extraction/test_archive.py",
    "extraction/test_reread.py",
    "extraction/test_watermarks.py",
)
_JOINS = (
    "lake/test_as_of.py",
    "processing/test_transform.py",
    "processing/test_joined_in_any_order.py",
    "test_deletes.py",
    "test_dirt.py",
    "test_dirt_ends.py",
    "test_dirt_of_parents.py",
)

HEART = {
    "extraction/snapshot.py": _CAPTURES,
    "extraction/another_source.py": ("test_another_source.py", "extraction/test_reread.py"),
    "extraction/capture.py": _CAPTURES,
    "lake/log.py": ("lake/test_create.py", "lake/test_log.py", "test_objects.py"),
    "lake/landed.py": _JOINS,
    "processing/transform.py": _JOINS,
    "storage/upsert.py": (
        "storage/test_upsert.py",
        "storage/test_load.py",
        "storage/test_migration.py",
        "test_changes.py",
    ),
}
"""The capture rule, the commit log, the as-of join and the upserts, each with its tests."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    module: str
    code: str
    diff: str


def mutants(module: str) -> Iterator[Mutant]:
    """Make every change of a module."""
    code = (_ROOT / "hedgehog_pipeline" / module).read_text(encoding="utf-8")
    for operator in OPERATORS:
        for occurrence in count():
            changed = mutate_code(code, operator, occurrence)
            if changed is None:
                break
            lines = unified_diff(code.splitlines(), changed.splitlines(), n=0, lineterm="")
            diff = "\n".join(list(lines)[2:])
            if "@dataclass" not in diff:  # that nothing is assigned is pyright's to see
                yield Mutant(module, changed, diff)


def survives(mutant: Mutant, place: Path) -> bool:
    """Tell whether the tests of a module pass in a copy of all that has the change."""
    module = place / "hedgehog_pipeline" / mutant.module
    code = module.read_text(encoding="utf-8")
    module.write_text(mutant.code, encoding="utf-8")
    tests = [f"hedgehog_pipeline_tests/{test}" for test in HEART[mutant.module]]
    try:
        run = subprocess.run(
            [*_PYTEST, *tests],
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
        )
    finally:
        module.write_text(code, encoding="utf-8")
    return run.returncode == 0


def main(modules: list[str]) -> int:
    """Print how many changes were noticed, module by module, and each that was not."""
    places: Queue[Path] = Queue()
    survivors = total = 0
    with TemporaryDirectory() as at, ThreadPoolExecutor(_AT_ONCE) as threads:
        for number in range(_AT_ONCE):
            left_out = ignore_patterns(".*", "docs", "__pycache__")
            places.put(copytree(_ROOT, Path(at) / str(number), ignore=left_out))

        def judge(mutant: Mutant) -> bool:
            place = places.get()
            try:
                return survives(mutant, place)
            finally:
                places.put(place)

        for module in modules or HEART:
            code = (_ROOT / "hedgehog_pipeline" / module).read_text(encoding="utf-8")
            if not judge(Mutant(module, code, "")):
                sys.exit(f"The tests of {module} fail without a change.")
            made = list(mutants(module))
            alive = [m for m, lives in zip(made, threads.map(judge, made), strict=True) if lives]
            for mutant in alive:
                print(f"survives: {module} {mutant.diff}", flush=True)
            print(f"{module}: {len(made) - len(alive)} of {len(made)} noticed", flush=True)
            survivors, total = survivors + len(alive), total + len(made)
    print(f"{total - survivors} of {total} noticed: {1 - survivors / total:.1%}")
    return 0 if survivors <= total / 10 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
