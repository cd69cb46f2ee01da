"""Escape foreign text before it is shown to people.

A source row, a line of a file or a server's message can hold anything: sequences that make a
terminal hide, rewrite or type text, and markup that makes a page load a picture.
"""

import re

_MARKUP = re.compile(r"([\\\[<])")


def printable(text: str, max_length: int | None = None) -> str:
    r"""Escape a text to one line that is safe on a terminal.

    Control characters, line ends among them, and characters that are invisible or turn the reading
    direction become their escapes, such as `\n`, `\x1b` and `\u202e`.

    Args:
        text: any text.
        max_length: show at most so many characters, the last one an ellipsis; None for all.
    """
    if max_length is not None and len(text) > max_length:
        text = f"{text[: max_length - 1]}…"
    return "".join(map(_escaped, text))


def printable_lines(text: str) -> str:
    """Escape a text as `printable` does, but keep its line ends."""
    return "\n".join(map(printable, text.split("\n")))


def without_markup(text: str) -> str:
    """Escape what Markdown would read as a link, a picture or HTML."""
    return _MARKUP.sub(r"\\\1", text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]
