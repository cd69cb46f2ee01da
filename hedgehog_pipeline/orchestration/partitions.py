"""The partitions of all assets: the UTC days on which batches landed."""

from dagster import DailyPartitionsDefinition

from hedgehog_pipeline.settings import Settings

# end_offset=1: today is a partition while it lasts.
DAYS = DailyPartitionsDefinition(
    start_date=Settings.from_environment().first_day.isoformat(), timezone="UTC", end_offset=1
)
