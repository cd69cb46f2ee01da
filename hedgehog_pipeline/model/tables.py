"""The classes that a model declares: source tables, dimensions and facts."""

from dataclasses import dataclass

import pyarrow as pa

from hedgehog_pipeline.model.columns import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    Column,
    ColumnType,
    arrow_schema,
)

KEYS = (INTEGER, BIGINT)
"""The allowed types of a source table's primary key."""

NOT_KNOWN = "Not known"
"""The value of a not-null text column if the source has none."""

INGESTION_COMMIT = Column(
    "ingestion_commit", BIGINT, "Number of the ingestion commit that landed the row."
)
PROCESSED_COMMIT = Column(
    "processed_commit", BIGINT, "Number of the processed commit that contains the row."
)
DELETED = Column("deleted", BOOLEAN, "Whether the row was deleted in the source.", default="false")


@dataclass(frozen=True)
class SourceTable:
    """A source table: its name, its integer primary key and the columns that the star needs.

    Columns that the source has but this declaration lacks are landed as well.
    """

    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """Name of the primary key's column."""
        return self.columns[0].name

    @property
    def key_type(self) -> ColumnType:
        """Type of the primary key."""
        return self.columns[0].type

    def reference_to(self, parent: str) -> str:
        """Return the column that refers to a parent with which a star table joins this table."""
        (column,) = (column.name for column in self.columns if column.references == parent)
        return column


@dataclass(frozen=True)
class StarTable:
    """The common attributes of dimensions and facts.

    Attributes:
        name: its name in the warehouse and in the lake.
        description: what a row represents.
        columns: the columns that analysts query; the first is the key from the source.
        inputs: the source tables that it is transformed from.
        as_of: whether its rows join all inputs as of a commit; otherwise each input is transformed
            separately.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    inputs: tuple[str, ...]
    as_of: bool = False

    @property
    def key(self) -> Column:
        """The column of the key."""
        return self.columns[0]

    @property
    def subject(self) -> str | None:
        """The source table whose rows it represents one to one.

        None if there are several, or if its key is not a source key, as in a date dimension.
        """
        one = self.as_of or len(self.inputs) == 1
        return self.inputs[0] if one and self.key.type in KEYS else None

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return (self.key.name,)

    @property
    def landed_columns(self) -> tuple[Column, ...]:
        """The columns of its Parquet parts: its own, and the commit that captured the row."""
        return (*self.columns, INGESTION_COMMIT)

    @property
    def arrow(self) -> pa.Schema:
        """The schema of its Parquet parts."""
        return arrow_schema(self.landed_columns)


@dataclass(frozen=True)
class Dimension(StarTable):
    """A dimension: the newest row of each key; rows deleted in the source stay, marked."""

    @property
    def landed_columns(self) -> tuple[Column, ...]:
        """The columns of its Parquet parts, with `deleted`."""
        return (*super().landed_columns, DELETED)


@dataclass(frozen=True)
class Fact(StarTable):
    """A fact: one row for each captured version of a source row.

    Attributes:
        serial: name of the serial key that the warehouse adds.
        version: the columns that identify a version of a row: the time of its last change. Empty if
            the source has none: then the warehouse has only the newest version.
    """

    serial: str = ""
    version: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """The key and the version."""
        return (self.key.name, *self.version)
