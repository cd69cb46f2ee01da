"""What a run of extraction is asked to do: its configuration in the launchpad."""

from enum import Enum

from dagster import Config
from pydantic import Field


class Mode(Enum):
    """What to look for in the shop."""

    CHANGES = "changes"
    SWEEP = "sweep"


class Extraction(Config):
    """The configuration of a run of extraction."""

    mode: Mode = Field(
        Mode.CHANGES, description="Land what is new, or find the rows that vanished (a sweep)."
    )
    allow_mass_delete: bool = Field(
        default=False, description="Let a sweep go on where a large share of a table is gone."
    )
