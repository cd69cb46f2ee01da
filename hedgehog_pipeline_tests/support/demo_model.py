"""The demo shop's model, as tests use it."""

from dataclasses import replace

import pytest

from hedgehog_pipeline.model.model import load_model
from hedgehog_pipeline.model.tables import SourceTable, StarTable
from hedgehog_pipeline.processing.transforms import transforms_of
from hedgehog_pipeline.reconciliation.result import reconciled_tables
from hedgehog_pipeline.settings import Settings

MODEL = load_model(Settings.model)
SOURCE = MODEL.source
STAR = MODEL.star
RECONCILED = reconciled_tables(STAR)
TRANSFORMS = transforms_of(MODEL)


def redeclare(monkeypatch: pytest.MonkeyPatch, table: SourceTable | StarTable) -> None:
    """Replace the declaration of a table until the test ends."""
    if isinstance(table, SourceTable):
        monkeypatch.setitem(SOURCE, table.name, table)
    else:
        monkeypatch.setitem(STAR, table.name, table)
        transform = replace(TRANSFORMS[table.name], table=table)
        monkeypatch.setitem(TRANSFORMS, table.name, transform)
