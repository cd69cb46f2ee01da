"""Short functions that declare the columns of source tables."""

from hedgehog_pipeline.model.columns import INTEGER, TEXT, Column, ColumnType


def key(name: str, of: str, kind: ColumnType = INTEGER) -> Column:
    """Declare the primary key, an integer or a bigint."""
    return Column(name, kind, f"Key of the {of}, given by the shop.")


def reference(
    name: str, table: str, *, nullable: bool = False, kind: ColumnType = INTEGER
) -> Column:
    """Declare a column that contains the key of another table."""
    return Column(
        name, kind, f"Key of the {table} that the row refers to.", nullable, references=table
    )


def text(name: str, description: str, *, nullable: bool = False) -> Column:
    """Declare a text column."""
    return Column(name, TEXT, description, nullable)
