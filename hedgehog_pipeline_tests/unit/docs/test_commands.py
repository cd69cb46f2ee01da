"""Every command on a page exists, and every command that exists is on a page."""

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hedgehog_pipeline.cli import hedgehog
from hedgehog_pipeline_tests.support.makefile import commands_of
from hedgehog_pipeline_tests.support.pages import Page, pages
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_PLACEHOLDERS = {"KEY": "1", "N": "1"}
_PARSED = [page for page in pages() if page.path.name != "tutorial.md"]
"""Without the tutorial: a test runs it, and some of its lines can be parsed only then."""
_TARGETS = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE)
_PROGRAM = re.compile(r"^\s*(?:[A-Z_]+=\S* )?(?:\.venv/bin/)?(hedgehog|make) (.*)")


@pytest.mark.parametrize("page", _PARSED, ids=str)
def test_every_hedgehog_command_on_a_page_can_be_parsed(page: Page) -> None:
    for line in _lines(page, "hedgehog"):
        _parse(line)


@pytest.mark.parametrize("page", pages(), ids=str)
def test_every_target_of_make_exists(page: Page) -> None:
    named = {word for line in _lines(page, "make") for word in line.split() if "=" not in word}
    assert named <= set(_TARGETS)


def test_every_command_is_on_a_page() -> None:
    named = [_path(line) for page in pages() for line in _lines(page, "hedgehog")]
    assert {" ".join(path) for path in _commands(hedgehog)} <= {" ".join(path) for path in named}


def test_every_target_has_a_help_text() -> None:
    text = (REPOSITORY / "Makefile").read_text()
    assert {*re.findall(r"^([a-z-]+):.*## \S", text, flags=re.MULTILINE)} == {*_TARGETS}


@pytest.mark.parametrize("target", _TARGETS)
def test_the_programs_and_files_of_a_target_exist(target: str, pytestconfig: pytest.Config) -> None:
    markers = {marker.partition(":")[0] for marker in pytestconfig.getini("markers")}
    for command in commands_of(target):
        program, *words = (word for word in command if not re.match(r"[A-Z_]+=", word))
        if program == ".venv/bin/hedgehog":
            _parse(shlex.join(words))
        elif program.startswith(".venv/bin/"):
            assert (Path(sys.executable).parent / Path(program).name).exists(), program
        if words[:1] == ["-m"]:
            module, *words = words[1:]
            assert importlib.util.find_spec(module), f"{module} of make {target}"
            if module == "pytest":
                named = [word for word in words if word.startswith("hedgehog_pipeline_tests")]
                assert all((REPOSITORY / name).exists() for name in named)
                marked = words[words.index("-m") + 1 :][:1] if "-m" in words else []
                assert markers.issuperset(marked)


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert re.findall(r"^  make ([a-z]+) ", listed.stdout, flags=re.MULTILINE) == _TARGETS


def _lines(page: Page, program: str) -> Iterator[str]:
    """Return the arguments after the program's name, in blocks and between backticks."""
    lines = [line for block in page.blocks for line in block.text.splitlines()]
    for text in [*lines, *page.inline_code]:
        found = _PROGRAM.match(text)
        if found and found[1] == program:
            yield re.sub(r"\s+(#|<<|\|).*", "", found[2])


def _parse(line: str) -> None:
    """Parse a command line, including its last command, without running it."""
    words = shlex.split(re.sub(r"[\[\]]|\.\.\.", "", line))
    table = "staff" if "quarantine" in words else "dim_staff"
    words = [{"TABLE": table, **_PLACEHOLDERS}.get(word, word) for word in words]
    command: click.Command = hedgehog
    context = click.Context(hedgehog)
    while isinstance(command, click.Group) and words:
        name, command, words = command.resolve_command(context, words)
        assert command is not None
        if isinstance(command, click.Group) and not words:
            return
        if not isinstance(command, click.Group):
            command.make_context(name, words, parent=context)


def _path(line: str) -> list[str]:
    """Return the names of the commands at the beginning of a line."""
    command: click.Command | None = hedgehog
    path: list[str] = []
    for word in line.split():
        command = (
            command.get_command(click.Context(command), word)
            if isinstance(command, click.Group)
            else None
        )
        if command is None:
            break
        path.append(word)
    return path


def _commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from _commands(command, *path, name)
        else:
            yield (*path, name)
