"""The one calendar: the UTC day on which a batch landed."""

from dagster import DailyPartitionsDefinition

from hedgehog_pipeline.settings import Settings

# end_offset=1: the day of today is a partition while it lasts.
DAYS = DailyPartitionsDefinition(
    start_date=Settings.from_environment().first_day.isoformat(), timezone="UTC", end_offset=1
)
