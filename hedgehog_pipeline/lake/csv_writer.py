"""CSV parts: rows as PostgreSQL's COPY writes them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, islice

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import PartKind
from hedgehog_pipeline.lake.previews import Preview

_HEADER_AND_RECORD = 2


@dataclass(frozen=True)
class CsvRows:
    """CSV rows to write into a batch.

    Attributes:
        lines: the CSV header, then one CSV record per item, as COPY returns them.
        kind: what the rows are.
    """

    batch: Batch
    columns: tuple[str, ...]
    lines: Iterable[bytes | memoryview]
    kind: PartKind = "rows"

    def peek(self) -> tuple["CsvRows", bool]:
        """Read the first row; return all rows, and whether there is one so far.

        Rows without a first one yet are read from the beginning when they are written: quarantine
        entries may be added while other rows are written.
        """
        lines = iter(self.lines)
        first = [bytes(line) for line in islice(lines, _HEADER_AND_RECORD)]
        if len(first) < _HEADER_AND_RECORD:
            return self, False
        return replace(self, lines=chain(first, lines)), True

    def write(self, asset: str, part_bytes: int) -> Preview:
        """Write the rows as parts, none if there are no rows; return a preview of the first rows.

        Args:
            part_bytes: approximate size of a part.
        """
        preview = Preview(self.columns)
        lines = iter(self.lines)
        header = bytes(next(lines, b""))
        body, rows = bytearray(header), 0
        for line in preview.passing_csv(lines):
            body += line
            rows += 1
            if len(body) >= part_bytes:
                self.batch.write(asset, self.kind, bytes(body), rows=rows, columns=self.columns)
                body, rows = bytearray(header), 0
        if rows:
            self.batch.write(asset, self.kind, bytes(body), rows=rows, columns=self.columns)
        return preview
