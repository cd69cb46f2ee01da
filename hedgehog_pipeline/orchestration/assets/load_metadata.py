"""Metadata of one table's loads in a run."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from dagster import MetadataValue

from hedgehog_pipeline.lake.commits import ProcessedCommit
from hedgehog_pipeline.lake.lake import Lake
from hedgehog_pipeline.lake.previews import Preview
from hedgehog_pipeline.model.tables import StarTable
from hedgehog_pipeline.orchestration.assets.materializations import ROWS_WRITTEN, preview_metadata
from hedgehog_pipeline.orchestration.assets.provenance import Provenance
from hedgehog_pipeline.storage.warehouse import Loaded


@dataclass
class TableLoads:
    """The loads of one table in a run.

    Attributes:
        lake: the lake that the rows come from.
        table: the table that they are loaded into.
        rows: how many were written, without those that the table already had.
        seconds: duration of the writes.
        commits: the processed commits with data of the table, quarantine included.
        changed_by: the last commit that wrote rows or tombstones, None if none did.
    """

    lake: Lake
    table: StarTable
    rows: int = 0
    seconds: float = 0.0
    commits: list[ProcessedCommit] = field(default_factory=list[ProcessedCommit])
    changed_by: int | None = None
    _shown: int = 0
    _preview: Preview = field(default_factory=Preview)

    def __post_init__(self) -> None:
        self._asset = f"star/{self.table.name}"
        self._provenance = Provenance(self.lake, self.table)

    def passing(self, commit: ProcessedCommit, rows: Iterable[pa.Table]) -> Iterable[pa.Table]:
        """Pass a commit's rows on, and keep the first ones for the UI."""
        return self._preview.passing(self._provenance.passing(commit, rows))

    def add(self, commit: ProcessedCommit, loaded: Loaded) -> None:
        """Add the result of a commit's load."""
        rows = loaded.rows.get(self.table.name, 0)
        self.rows += rows
        self.seconds += loaded.seconds.get(self.table.name, 0.0)
        if commit.holds(self._asset):
            self.commits.append(commit)
        if rows or commit.parts_of(self._asset, "tombstones"):
            self.changed_by = commit.number
        self._shown = len(self._preview.rows)

    def metadata(self) -> dict[str, Any]:
        """Return the metadata for the UI; it shows no row of a failed commit."""
        del self._preview.rows[self._shown :], self._provenance.records[self._shown :]
        parts = [part for commit in self.commits for part in commit.parts_of(self._asset)]
        bucket, records = self.lake.processed.bucket.name, self._provenance.records
        return {
            ROWS_WRITTEN: self.rows,
            "bytes": sum(part.bytes for part in parts),
            "seconds": round(self.seconds, 3),
            "commits": [commit.number for commit in self.commits],
            "parts": [f"s3://{bucket}/{part.key}" for part in parts],
            **preview_metadata(self._preview),
            **({"provenance": MetadataValue.table(records)} if records else {}),
        }
