"""A page read as words."""

import re


def words_of(page: str) -> str:
    """The text of a page without its marks, a space wherever some stand."""
    body = page.partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
