"""Decodes text of the source: a row that cannot be decoded is left out, and all others land.

If the client asks for another encoding, PostgreSQL converts the text, and ends a COPY at the first
byte that is not a character. If the client asks for the database's own encoding, it checks nothing.
So the bytes are read as they are and decoded here, for the encodings that Python decodes exactly as
PostgreSQL does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hedgehog_pipeline.lake.csv_records import fields_of
from hedgehog_pipeline.lake.quarantine_csv import QuarantineEntry, readable
from hedgehog_pipeline.model.tables import SourceTable

UNLANDED = ""
"""The CSV object in a quarantine entry of a row that is in no object."""

CODECS = {
    "UTF8": "utf-8",
    "SQL_ASCII": "utf-8",  # what clients assume; PostgreSQL sends them the bytes unchanged
    "EUC_CN": "gb2312",
    "KOI8R": "koi8-r",
    "KOI8U": "koi8-u",
    "WIN866": "cp866",
    "WIN874": "cp874",
    **{f"WIN{page}": f"cp{page}" for page in range(1250, 1259)},
    **{f"ISO_8859_{part}": f"iso8859-{part}" for part in (5, 6, 7, 8)},
    **{
        f"LATIN{number}": f"iso8859-{part}"
        for number, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), start=1)
    },
}
"""Python's codecs by PostgreSQL's names of encodings."""


@dataclass(frozen=True)
class Encoding:
    """The encoding of the source database.

    Attributes:
        name: PostgreSQL's name of it.
        codec: Python's name of it.
    """

    name: str
    codec: str

    def is_utf8(self, text: bytes) -> bool:
        """Return whether a text is already valid UTF-8, so that nothing has to be converted."""
        if text.isascii():
            return True
        return self.codec == "utf-8" and isinstance(self._decode(text), str)

    def decoded(self, text: bytes) -> bytes | None:
        """Return a text in UTF-8, None if it cannot be decoded."""
        decoded = self._decode(text)
        return decoded.encode() if isinstance(decoded, str) else None

    def faults_of(
        self, record: bytes, table: SourceTable, columns: Sequence[str], line: int
    ) -> Iterator[QuarantineEntry]:
        """Yield a quarantine entry for each value of a row that cannot be decoded.

        Args:
            record: the row as COPY writes it.
            line: the position of the row among those that are read.
        """
        values = dict(zip(columns, fields_of(record.removesuffix(b"\n")), strict=True))
        key = readable(values[table.key])
        for column, value in values.items():
            bad = self._decode(value)
            if isinstance(bad, bytes):
                found = _unquoted(value.decode(self.codec, "backslashreplace"))
                reason = f"contains 0x{bad.hex()}, which is not a character in {self._label}"
                yield QuarantineEntry(
                    table.name, key, UNLANDED, line, column, readable(found.encode()), reason
                )

    def _decode(self, text: bytes) -> str | bytes:
        """Decode a text, or return its first bytes that are not a character."""
        try:
            return text.decode(self.codec)
        except UnicodeDecodeError as error:
            return text[error.start : error.end]

    @property
    def _label(self) -> str:
        return "UTF-8 (the database is in SQL_ASCII)" if self.name == "SQL_ASCII" else self.name


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def encoding_of(name: str) -> Encoding | None:
    """Return an encoding by its name, None if PostgreSQL has to convert the text itself."""
    return Encoding(name, CODECS[name]) if name in CODECS else None
