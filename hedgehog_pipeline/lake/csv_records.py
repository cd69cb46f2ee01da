"""Read the records of an inbox file, a CSV from another writer, as a stream of bytes (RFC 4180).

Only unambiguous CSV is accepted: a reader that guesses lands values that were never there. A quote
may only enclose a field or, doubled, stand within quotes; a carriage return outside of quotes may
only precede a newline. Any other line gets an error and reading goes on with the next line, so a
stray quote costs one line only.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

Read = Callable[[int], bytes]
"""Reads at most that many bytes, none at the end of the file."""

MAX_BYTES = 32 * 1024 * 1024
"""How many bytes a record may have; bounds the memory of the reader."""

_CHUNK = 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_TOO_LONG = f"is longer than {MAX_BYTES >> 20} MiB, or opens a quote that is never closed"
_CUT_OFF = "is cut off within quotes: the file is not complete, or a quote is missing"
_MISQUOTED = (
    "has a quote or a carriage return in a field without quotes, or something after a closing quote"
)


class Record(NamedTuple):
    """A record, or a line that cannot be read.

    Attributes:
        line: number of its first line in the file, from 1.
        text: its bytes without the line ending; only the first ones if it is too long.
        fields: its fields as written, quotes included.
        fault: why it cannot be read; empty if it can.
    """

    line: int
    text: bytes
    fields: list[bytes]
    fault: str = ""


def records(read: Read) -> Iterator[Record]:
    """Read a file record by record, skipping empty lines."""
    buffer, at, line, ended = read(_CHUNK).removeprefix(_BYTE_ORDER_MARK), 0, 1, False
    while True:
        end = _end_of_record(buffer, at)
        if not end and not ended and len(buffer) - at <= MAX_BYTES:
            more = read(max(_CHUNK, len(buffer) - at))
            buffer, at, ended = buffer[at:] + more, 0, not more
            continue
        if at == len(buffer):
            return
        text = buffer[at : min(end or len(buffer), at + MAX_BYTES + 1)]
        fields, fault = _fields_or_fault(text, complete=end > 0)
        if fault:
            end = buffer.find(b"\n", at) + 1
            text = text[: end - at] if end else text
        if content := _without_end(text):
            yield Record(line, content, fields, fault)
        line += 1 if fault else text.count(b"\n")
        while not end and not ended:
            buffer, at = read(_CHUNK), 0
            end, ended = buffer.find(b"\n") + 1, not buffer
        at = end or len(buffer)


def _fields_or_fault(text: bytes, *, complete: bool) -> tuple[list[bytes], str]:
    if len(text) > MAX_BYTES:
        return [], _TOO_LONG
    if fields := fields_of(_without_end(text)):
        return fields, ""
    return [], _MISQUOTED if complete or text.count(b'"') % 2 == 0 else _CUT_OFF


def fields_of(text: bytes) -> list[bytes]:
    """Split a record without its line ending; return [] if it is not unambiguous CSV."""
    if b'"' not in text:
        return [] if b"\r" in text else text.split(b",")
    fields: list[bytes] = []
    at = 0
    while True:
        quoted = text.startswith(b'"', at)
        end = _after_quotes(text, at) if quoted else text.find(b",", at)
        if quoted and end < 0:
            return []
        end = len(text) if end < 0 else end
        field = text[at:end]
        if not quoted and (b'"' in field or b"\r" in field):
            return []
        fields.append(field)
        if end == len(text):
            return fields
        if text[end] != ord(","):
            return []
        at = end + 1


def _after_quotes(text: bytes, at: int) -> int:
    """Return the position after a quoted field, -1 if its quotes are never closed."""
    end = text.find(b'"', at + 1)
    while end >= 0 and text.startswith(b'"', end + 1):
        end = text.find(b'"', end + 2)
    return end + 1 or -1


def _end_of_record(buffer: bytes, at: int) -> int:
    """Return the position after the newline that ends a record, 0 if it is not in the buffer.

    A newline is within quotes if the number of quotes before it is odd.
    """
    quotes, start = 0, at
    while end := buffer.find(b"\n", start) + 1:
        quotes += buffer.count(b'"', start, end)
        if quotes % 2 == 0:
            return end
        start = end
    return 0


def _without_end(text: bytes) -> bytes:
    return text.removesuffix(b"\n").removesuffix(b"\r")
