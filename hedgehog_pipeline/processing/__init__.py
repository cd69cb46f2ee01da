"""Ingestion bucket to processed bucket: the star, shaped by pure functions of pandas.

The functions are the model's (`hedgehog_pipeline/totesys/dimensions.py`, `facts.py`): one a table,
DataFrames in, DataFrame out. `frames.py` is what functions of any model share.
"""
