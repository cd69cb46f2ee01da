"""What is told of a value that cannot be taken: the same in the lake and in the warehouse."""

from hedgehog_pipeline.schema.columns import BIGINT, TEXT, Column, arrow_schema
from hedgehog_pipeline.schema.star import INGESTION_COMMIT

QUARANTINE = (
    Column("table_name", TEXT, "The shop's table."),
    Column("key", TEXT, "The row's primary key as it was landed; empty where there is none."),
    INGESTION_COMMIT,
    Column("part", TEXT, "Key of the CSV object that holds the row; empty where readmitted."),
    Column("line", BIGINT, "Place of the row in the object, from 1; 0 where readmitted."),
    Column("column_name", TEXT, "The column; empty where the whole row is meant."),
    Column("value", TEXT, "The text that was found.", nullable=True),
    Column(
        "reason",
        TEXT,
        "Why it cannot be taken; absent where a row is readmitted: it could be read, and closes "
        "what earlier commits told of its key.",
        nullable=True,
    ),
)

QUARANTINE_ARROW = arrow_schema(QUARANTINE)
"""The schema of quarantine parts."""

TOMBSTONES = (
    Column("key", BIGINT, "The primary key of a row that the shop holds no more."),
    INGESTION_COMMIT,
)

TOMBSTONES_ARROW = arrow_schema(TOMBSTONES)
"""The schema of a fact's tombstones."""
