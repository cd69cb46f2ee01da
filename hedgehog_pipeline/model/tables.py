"""What a model declares: tables of the shop, dimensions and facts of the star."""

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
"""What the primary key of a table of the shop may be."""

NOT_KNOWN = "Not known"
"""Stands in a column that must hold text where the shop says nothing."""

INGESTION_COMMIT = Column(
    "ingestion_commit", BIGINT, "Number of the ingestion commit that brought the row."
)
PROCESSED_COMMIT = Column(
    "processed_commit", BIGINT, "Number of the processed commit that brought the row."
)
DELETED = Column("deleted", BOOLEAN, "Whether the row was deleted in the shop.", default="false")


@dataclass(frozen=True)
class SourceTable:
    """A table of the shop: its name, its integer primary key and the columns that the star needs.

    A column that the shop has and this declaration has not is landed all the same.
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


@dataclass(frozen=True)
class StarTable:
    """What dimensions and facts have in common.

    Attributes:
        name: its name in the warehouse and in the lake.
        description: what a row is.
        columns: the columns that analysts query; the first is the key in the shop's terms.
        inputs: the shop's tables that it is made of.
        as_of: whether its rows join all inputs as they stood at a commit, rather than coming
            from the rows of each input alone.
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
        """The shop's table whose rows it describes one for one.

        None where it has several, or where its key is none of the shop's: the days that rows
        mention.
        """
        one = self.as_of or len(self.inputs) == 1
        return self.inputs[0] if one and self.key.type in KEYS else None

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that tell one row from another."""
        return (self.key.name,)

    @property
    def landed_columns(self) -> tuple[Column, ...]:
        """The columns of its Parquet parts: its own, and the commit that saw each row."""
        return (*self.columns, INGESTION_COMMIT)

    @property
    def arrow(self) -> pa.Schema:
        """The schema of its Parquet parts."""
        return arrow_schema(self.landed_columns)


@dataclass(frozen=True)
class Dimension(StarTable):
    """A dimension: one row for each key, the newest; what the shop deleted stays, marked."""

    @property
    def landed_columns(self) -> tuple[Column, ...]:
        """The columns of its Parquet parts: also whether the shop deleted the row."""
        return (*super().landed_columns, DELETED)


@dataclass(frozen=True)
class Fact(StarTable):
    """A fact: a row for each version of a row of the shop that was captured.

    Attributes:
        serial: the warehouse's own serial key.
        version: the columns that tell one version of a row from another: the moment of its last
            change. Where the shop keeps none, none: the newest version of each row alone is held.
    """

    serial: str = ""
    version: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """The key and the version."""
        return (self.key.name, *self.version)
