"""Provenance of the first rows of a load, for people who look at a materialisation in the UI.

All of it is in memory during a load: it costs no query.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa
from dagster import TableRecord

from hedgehog_pipeline.lake.batch import batch_time
from hedgehog_pipeline.lake.commits import Part, ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.previews import MAX_ROWS
from hedgehog_pipeline.model.tables import INGESTION_COMMIT, StarTable


@dataclass
class Provenance:
    """The provenance of the first rows that are loaded into a table.

    Attributes:
        lake: the lake that the rows come from.
        table: the table that they are loaded into.
        records: for each row its key, the commit that captured it, its Parquet object, the CSV
            objects of which one holds it, and the command that traces it further.
    """

    lake: Lake
    table: StarTable
    records: list[TableRecord] = field(default_factory=list[TableRecord])

    def passing(self, commit: ProcessedCommit, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the rows of a commit, a table for each of its parts, and keep the first ones."""
        parts = commit.parts_of(f"star/{self.table.name}")
        for part, rows in zip(parts, tables, strict=True):
            if missing := MAX_ROWS - len(self.records):
                first = rows.slice(0, missing).select([self.table.key.name, INGESTION_COMMIT.name])
                columns = [column.to_pylist() for column in first.columns]
                for key, number in zip(*columns, strict=True):
                    self.records.append(self._record(commit, part, str(key), number))
            yield rows

    def _record(self, commit: ProcessedCommit, part: Part, key: str, number: int) -> TableRecord:
        return TableRecord(
            {
                "key": key,
                "ingestion commit": number,
                "Parquet": f"s3://{self.lake.processed.bucket.name}/{part.key}",
                "CSV": self._csv(dict(commit.sources).get(number)),
                "trace": f"hedgehog trace {self.table.name} {key}",
            }
        )

    def _csv(self, batch: str | None) -> str:
        """Return the CSV objects of a batch; empty for a batch that the commit was not made from.

        A restatement of a joined dimension also holds members that later captures stamped.
        """
        if batch is None:
            return ""
        inputs = self.table.inputs
        folder = inputs[0] if len(inputs) == 1 else f"{{{','.join(inputs)}}}"
        day = batch_time(batch).date()
        return f"s3://{self.lake.ingestion.bucket.name}/oltp/{folder}/{day}/{batch}-*.csv"
