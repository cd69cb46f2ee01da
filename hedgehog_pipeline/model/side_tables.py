"""What is told of rows beside themselves: the same in the lake and in the warehouse."""

from hedgehog_pipeline.model.columns import BIGINT, TEXT, Column, arrow_schema
from hedgehog_pipeline.model.star import INGESTION_COMMIT

_TABLE = Column("table_name", TEXT, "The shop's table.")

QUARANTINE = (
    _TABLE,
    Column("key", TEXT, "The row's primary key as it was landed; empty where there is none."),
    INGESTION_COMMIT,
    Column(
        "part",
        TEXT,
        "Key of the CSV object that holds the row: of a part or of a brought file; empty where the "
        "row could not be landed.",
    ),
    Column(
        "line",
        BIGINT,
        "Place of the row in a part or in what a capture read, or its line in a file, from 1; 0 "
        "where the whole object is meant.",
    ),
    Column("column_name", TEXT, "The column; empty where the whole row is meant."),
    Column("value", TEXT, "The text that was found.", nullable=True),
    Column(
        "reason",
        TEXT,
        "Why it cannot be taken; absent where a file was brought again, which closes what was "
        "told of it before.",
        nullable=True,
    ),
)

QUARANTINE_ARROW = arrow_schema(QUARANTINE)
"""The schema of quarantine parts: a row for each value that keeps its row out."""

RESOLUTIONS = (
    _TABLE,
    Column("key", TEXT, "The primary key of a row of which an earlier commit told something."),
    INGESTION_COMMIT,
)

RESOLUTIONS_ARROW = arrow_schema(RESOLUTIONS)
"""The schema of parts that tell which rows could be taken, or were gone, after all."""

TOMBSTONES = (
    Column("key", BIGINT, "The primary key of a row that the shop holds no more."),
    INGESTION_COMMIT,
)

TOMBSTONES_ARROW = arrow_schema(TOMBSTONES)
"""The schema of a fact's tombstones."""
