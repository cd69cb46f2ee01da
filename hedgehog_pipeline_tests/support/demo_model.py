"""The demo shop's model, as tests use it."""

from hedgehog_pipeline.model.model import load_model
from hedgehog_pipeline.processing.transforms import transforms_of
from hedgehog_pipeline.reconciliation.result import reconciled_tables
from hedgehog_pipeline.settings import Settings

MODEL = load_model(Settings.model)
SOURCE = MODEL.source
STAR = MODEL.star
RECONCILED = reconciled_tables(STAR)
TRANSFORMS = transforms_of(MODEL)
