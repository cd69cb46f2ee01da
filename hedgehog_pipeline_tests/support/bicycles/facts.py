"""The transforms of the facts of the hire."""

import pandas as pd


def fact_hire(hire: pd.DataFrame) -> pd.DataFrame:
    return hire.rename(columns={"frame": "bicycle_id"}).assign(ended=hire["ended"].dt.date)


def fact_work(log: pd.DataFrame) -> pd.DataFrame:
    return log.rename(columns={"frame": "bicycle_id"})
