"""The Markdown files of the repository, and their content."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hedgehog_pipeline_tests.support.repository import REPOSITORY

_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A block of code: its language (empty if it names none) and its text."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """A Markdown file, parsed as GitHub parses it."""

    path: Path

    def __str__(self) -> str:
        """Return its path in the repository."""
        return self.path.relative_to(REPOSITORY).as_posix()

    @cached_property
    def tokens(self) -> list[Token]:
        return _MARKDOWN.parse(self.path.read_text(encoding="utf-8"))

    @property
    def blocks(self) -> list[Block]:
        """The code blocks, in order."""
        kinds = ("fence", "code_block")
        return [Block(t.info.strip(), t.content) for t in self.tokens if t.type in kinds]

    @property
    def inline_code(self) -> list[str]:
        """The texts between backticks."""
        return [token.content for token in self._inline() if token.type == "code_inline"]

    @property
    def links(self) -> list[str]:
        """The targets of links and pictures."""
        kinds = {"link_open": "href", "image": "src"}
        return [str(t.attrs[kinds[t.type]]) for t in self._inline() if t.type in kinds]

    @property
    def anchors(self) -> set[str]:
        """The anchors of the headings, as GitHub makes them."""
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        titles = [after.content for token, after in pairs if token.type == "heading_open"]
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

    def _inline(self) -> Iterator[Token]:
        for token in self.tokens:
            yield from token.children or ()


def pages() -> list[Page]:
    """Return every Markdown file that is in the repository, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Page(REPOSITORY / name) for name in listed.stdout.splitlines()]
