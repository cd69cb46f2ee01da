"""Text that others wrote, as it may be shown to people.

A shop's row, a file's line or a server's message can hold anything: the sequences by which a
terminal is told to hide, rewrite or type text, and the markup by which a page loads a picture.
"""

import re

_MARKUP = re.compile(r"([\\\[<])")


def printable(text: str, longest: int | None = None) -> str:
    r"""Write a text on one line that does nothing to a terminal.

    Control characters, line ends among them, and characters that are not seen or turn the
    direction of reading become their escapes, such as `\n`, `\x1b` and `\u202e`.

    Args:
        text: whatever somebody wrote.
        longest: how many of its characters are shown, the last one as an ellipsis; None for all.
    """
    if longest is not None and len(text) > longest:
        text = f"{text[: longest - 1]}…"
    return "".join(map(_escaped, text))


def printable_lines(text: str) -> str:
    """Write a text as `printable` does, but for its line ends."""
    return "\n".join(map(printable, text.split("\n")))


def without_markup(text: str) -> str:
    """Escape what Markdown would take for a link, a picture or HTML."""
    return _MARKUP.sub(r"\\\1", text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]
