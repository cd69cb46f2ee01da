"""The transforms of the dimensions of the hire."""

import pandas as pd

from hedgehog_pipeline.model.tables import NOT_KNOWN
from hedgehog_pipeline.processing.frames import described_days, with_parent
from hedgehog_pipeline_tests.support.bicycles.star import MENTIONS


def calendar(hires: pd.DataFrame) -> pd.DataFrame:
    return described_days(hires, MENTIONS)


def dim_bicycle(bicycle: pd.DataFrame, kind: pd.DataFrame) -> pd.DataFrame:
    bicycles = with_parent(bicycle, kind, on="type_nr", key="nr")
    return bicycles.rename(columns={"frame": "bicycle_id"}).assign(
        label=bicycles["label"].fillna(NOT_KNOWN)
    )


def dim_hub(hub: pd.DataFrame) -> pd.DataFrame:
    return hub
