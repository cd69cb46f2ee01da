"""The repository that the tests are in."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
