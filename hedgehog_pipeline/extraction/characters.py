"""The text of a shop, read by the encoding of its database: a row that has none is left out alone.

PostgreSQL converts what it sends into another encoding, and ends a COPY at the first byte that is
no character; into the same one it looks at nothing. So bytes are read as they are and converted
here, for the encodings of which Python's characters are PostgreSQL's, each one of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hedgehog_pipeline.lake.csv_records import fields_of
from hedgehog_pipeline.lake.quarantine_csv import QuarantineEntry, readable
from hedgehog_pipeline.model.source import SourceTable

UNLANDED = ""
"""What stands in the quarantine for the CSV object of a row that is in none."""

CODECS = {
    "UTF8": "utf-8",
    "SQL_ASCII": "utf-8",  # what a client makes of it; PostgreSQL sends it to one in UTF-8 alike
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
    """The encoding of a shop's database.

    Attributes:
        name: as PostgreSQL writes it.
        codec: as Python writes it.
    """

    name: str
    codec: str

    def is_utf8(self, text: bytes) -> bool:
        """Tell whether a text is in UTF-8 as it is, so that nothing of it has to be converted."""
        if text.isascii():
            return True
        return self.codec == "utf-8" and isinstance(self._decode(text), str)

    def decoded(self, text: bytes) -> bytes | None:
        """Give a text in UTF-8; None where a byte of it is no character."""
        decoded = self._decode(text)
        return decoded.encode() if isinstance(decoded, str) else None

    def faults_of(
        self, record: bytes, table: SourceTable, columns: Sequence[str], line: int
    ) -> Iterator[QuarantineEntry]:
        """Tell which values of a row cannot be decoded.

        Args:
            record: as COPY writes it.
            table: the table of the shop.
            columns: the names of the columns.
            line: the place of the row among those that are read.
        """
        values = dict(zip(columns, fields_of(record.removesuffix(b"\n")), strict=True))
        key = readable(values[table.key])
        for column, value in values.items():
            bad = self._decode(value)
            if isinstance(bad, bytes):
                found = _unquoted(value.decode(self.codec, "backslashreplace"))
                reason = f"holds 0x{bad.hex()}, which is no character in {self._characters}"
                yield QuarantineEntry(
                    table.name, key, UNLANDED, line, column, readable(found.encode()), reason
                )

    def _decode(self, text: bytes) -> str | bytes:
        """Decode a text, or give the first bytes of it that are no character."""
        try:
            return text.decode(self.codec)
        except UnicodeDecodeError as error:
            return text[error.start : error.end]

    @property
    def _characters(self) -> str:
        return "UTF-8 (the database is in SQL_ASCII)" if self.name == "SQL_ASCII" else self.name


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def encoding_of(name: str) -> Encoding | None:
    """Give the encoding of a database; None where PostgreSQL itself converts what it sends."""
    return Encoding(name, CODECS[name]) if name in CODECS else None
