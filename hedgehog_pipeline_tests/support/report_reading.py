"""The text of a page."""

import re


def words_of(page: str) -> str:
    """Return the text of a page without HTML tags, each replaced by a space."""
    body = page.partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
