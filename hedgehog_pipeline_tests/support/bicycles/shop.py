"""The tables of the hire."""

from hedgehog_pipeline.model.columns import BIGINT, DATE, TIMESTAMP, Column, decimal
from hedgehog_pipeline.model.source_columns import key, reference, text
from hedgehog_pipeline.model.tables import SourceTable

PRICE = decimal(9, 3)

_ALTERED = Column("altered", TIMESTAMP, "When the row was last changed.")

TABLES = (
    SourceTable("type", "Kinds of bicycles.", (key("nr", "kind"), text("label", "Its name."))),
    SourceTable(
        "hub",
        "Places where bicycles stand.",
        (
            key("hub_no", "place", BIGINT),
            text("town", "Its town."),
            Column("height", PRICE, "Metres above the sea.", nullable=True),
            _ALTERED,
        ),
    ),
    SourceTable(
        "bicycle",
        "Bicycles.",
        (
            key("frame", "bicycle"),
            reference("type_nr", "type"),
            text("state", "new or worn."),
            _ALTERED,
        ),
    ),
    SourceTable(
        "hire",
        "Hires of bicycles.",
        (
            key("hire_no", "hire", BIGINT),
            reference("frame", "bicycle"),
            reference("from_hub", "hub", kind=BIGINT),
            reference("to_hub", "hub", nullable=True, kind=BIGINT),
            Column("hired", DATE, "Day on which it began."),
            Column("ended", TIMESTAMP, "When the bicycle was returned.", nullable=True),
            Column("price", PRICE, "In pounds.", nullable=True),
            _ALTERED,
        ),
    ),
    SourceTable(
        "log",
        "What the workshop did.",
        (key("entry", "entry"), reference("frame", "bicycle"), text("note", "What was done.")),
    ),
)
