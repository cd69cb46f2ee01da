"""`make mutation`: mutation testing of the core modules. A test has to fail for each mutant."""

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

from hedgehog_pipeline_tests.proofs.mutation.core import CORE
from hedgehog_pipeline_tests.proofs.mutation.operators import OPERATORS
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_AT_ONCE = 2
_MAX_TEST_SECONDS = 150
"""A test that hangs for longer counts as failed: it has detected the mutant."""
_PYTEST = [
    sys.executable,
    *f"-m pytest -x -n0 -p no:cacheprovider --timeout {_MAX_TEST_SECONDS}".split(),
]


@dataclass(frozen=True)
class Mutant:
    """A module with one mutation."""

    module: str
    code: str
    diff: str


def mutants(module: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    code = (REPOSITORY / "hedgehog_pipeline" / module).read_text(encoding="utf-8")
    for operator in OPERATORS:
        for occurrence in count():
            changed = mutate_code(code, operator, occurrence)
            if changed is None:
                break
            lines = unified_diff(code.splitlines(), changed.splitlines(), n=0, lineterm="")
            diff = "\n".join(list(lines)[2:])
            if "@dataclass" not in diff:  # pyright finds a missing decorator
                yield Mutant(module, changed, diff)


def survives(mutant: Mutant, repository: Path) -> bool:
    """Return whether the tests of a module pass in a copy of the repository with the mutant."""
    module = repository / "hedgehog_pipeline" / mutant.module
    code = module.read_text(encoding="utf-8")
    module.write_text(mutant.code, encoding="utf-8")
    tests = [f"hedgehog_pipeline_tests/{test}" for test in CORE[mutant.module]]
    try:
        run = subprocess.run(
            [*_PYTEST, *tests],
            cwd=repository,
            env={**os.environ, "PYTHONPATH": str(repository), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
        )
    finally:
        module.write_text(code, encoding="utf-8")
    return run.returncode == 0


def main(modules: list[str]) -> int:
    """Print for each module how many mutants were detected, and each that survived."""
    copies: Queue[Path] = Queue()
    survivors = total = 0
    with TemporaryDirectory() as at, ThreadPoolExecutor(_AT_ONCE) as threads:
        for number in range(_AT_ONCE):
            left_out = ignore_patterns(".*", "docs", "__pycache__")
            copies.put(copytree(REPOSITORY, Path(at) / str(number), ignore=left_out))

        def check(mutant: Mutant) -> bool:
            repository = copies.get()
            try:
                return survives(mutant, repository)
            finally:
                copies.put(repository)

        for module in modules or CORE:
            code = (REPOSITORY / "hedgehog_pipeline" / module).read_text(encoding="utf-8")
            if not check(Mutant(module, code, "")):
                sys.exit(f"The tests of {module} fail without a mutation.")
            made = list(mutants(module))
            alive = [m for m, lives in zip(made, threads.map(check, made), strict=True) if lives]
            for mutant in alive:
                print(f"survives: {module} {mutant.diff}", flush=True)
            print(f"{module}: {len(made) - len(alive)} of {len(made)} detected", flush=True)
            survivors, total = survivors + len(alive), total + len(made)
    print(f"{total - survivors} of {total} detected: {1 - survivors / total:.1%}")
    return 0 if survivors <= total / 10 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
