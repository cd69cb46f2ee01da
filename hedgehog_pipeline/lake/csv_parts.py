"""CSV parts: rows as PostgreSQL's COPY writes them."""

from collections.abc import Iterable
from dataclasses import dataclass

from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import PartKind
from hedgehog_pipeline.lake.previews import Preview


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
