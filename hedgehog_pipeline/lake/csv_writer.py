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
    """Rows on their way into a batch.

    Attributes:
        batch: the batch that they belong to.
        columns: the names of the columns.
        lines: the CSV header, then one CSV record an item, as COPY hands them over.
        kind: what the rows are.
    """

    batch: Batch
    columns: tuple[str, ...]
    lines: Iterable[bytes | memoryview]
    kind: PartKind = "rows"

    def begun(self) -> tuple["CsvRows", bool]:
        """Begin to read the rows; give them all, and tell whether there are any by now.

        What has none yet is read from its beginning when it is written: what is told of rows may
        come while they are written.
        """
        lines = iter(self.lines)
        first = [bytes(line) for line in islice(lines, _HEADER_AND_RECORD)]
        if len(first) < _HEADER_AND_RECORD:
            return self, False
        return replace(self, lines=chain(first, lines)), True

    def write(self, asset: str, part_bytes: int) -> Preview:
        """Write the rows as parts of about so many bytes, none where there are no rows.

        Gives the first rows that were written.
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
