"""Text that others wrote, as it may be shown to people."""


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


def _escaped(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]
