"""Schemas of the side tables (quarantine, resolutions, tombstones), in lake and warehouse alike."""

from hedgehog_pipeline.model.columns import BIGINT, TEXT, Column, arrow_schema
from hedgehog_pipeline.model.tables import INGESTION_COMMIT

_TABLE = Column("table_name", TEXT, "The source table.")

QUARANTINE = (
    _TABLE,
    Column("key", TEXT, "The row's primary key as it was landed; empty if there is none."),
    INGESTION_COMMIT,
    Column(
        "part",
        TEXT,
        "Key of the CSV object that contains the row, a part or an inbox file; empty if the row "
        "could not be landed.",
    ),
    Column(
        "line",
        BIGINT,
        "Number of the row in a part or in what a capture read, or its line in a file, from 1; 0 "
        "for the whole object.",
    ),
    Column("column_name", TEXT, "The column; empty for the whole row."),
    Column("value", TEXT, "The text that was found.", nullable=True),
    Column(
        "reason",
        TEXT,
        "Why the row is not valid; NULL if a file was uploaded again, which closes its earlier "
        "entries.",
        nullable=True,
    ),
)

QUARANTINE_ARROW = arrow_schema(QUARANTINE)
"""Schema of quarantine parts: one row for each value that keeps its row out."""

RESOLUTIONS = (
    _TABLE,
    Column("key", TEXT, "The primary key of a row with an earlier quarantine entry."),
    INGESTION_COMMIT,
)

RESOLUTIONS_ARROW = arrow_schema(RESOLUTIONS)
"""Schema of resolution parts: keys that got a valid row or a deletion after their entry."""

TOMBSTONES = (
    Column("key", BIGINT, "The primary key of a row that was deleted in the source."),
    INGESTION_COMMIT,
)

TOMBSTONES_ARROW = arrow_schema(TOMBSTONES)
"""Schema of tombstone parts."""
