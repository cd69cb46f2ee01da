"""The star of the hire."""

from hedgehog_pipeline.model.columns import BIGINT, TEXT, TIMESTAMP
from hedgehog_pipeline.model.star_columns import column, day, days, key, like, reference
from hedgehog_pipeline.model.tables import Dimension, Fact
from hedgehog_pipeline_tests.support.bicycles.shop import PRICE

MENTIONS = ("hire.hired", "hire.ended")

TABLES = (
    Dimension("calendar", "A day of a hire.", days(MENTIONS), inputs=("hire",)),
    Dimension(
        "dim_bicycle",
        "A bicycle with its kind.",
        (
            key("bicycle.frame", "Key of the bicycle.", name="bicycle_id"),
            like("bicycle.state", "new or worn."),
            like("type.label", "Its kind."),
        ),
        inputs=("bicycle", "type"),
        as_of=True,
    ),
    Dimension(
        "dim_hub",
        "A place where bicycles stand.",
        (
            key("hub.hub_no", "Key of the place.", kind=BIGINT),
            like("hub.town", "Its town."),
            column("hub.height", PRICE, "Metres above the sea.", nullable=True),
        ),
        inputs=("hub",),
    ),
    Fact(
        "fact_hire",
        "A version of a hire.",
        (
            key("hire.hire_no", "Key of the hire.", kind=BIGINT),
            reference("hire.frame", "dim_bicycle", name="bicycle_id"),
            reference("hire.from_hub", "dim_hub", kind=BIGINT),
            reference("hire.to_hub", "dim_hub", nullable=True, kind=BIGINT),
            day("hire.hired", "calendar", "Day on which it began."),
            day("hire.ended", "calendar", "Day on which it ended.", nullable=True),
            column("hire.price", PRICE, "In pounds.", nullable=True),
            column("hire.altered", TIMESTAMP, "When this version was written."),
        ),
        inputs=("hire",),
        serial="hire_record",
        version=("altered",),
    ),
    Fact(
        "fact_work",
        "What was done to a bicycle, the latest version.",
        (
            key("log.entry", "Key of the entry."),
            reference("log.frame", "dim_bicycle", name="bicycle_id"),
            column("log.note", TEXT, "What was done."),
        ),
        inputs=("log",),
        serial="work_record",
    ),
)
