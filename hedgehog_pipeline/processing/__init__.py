"""The stage from ingestion bucket to processed bucket: pandas functions transform rows to the star.

The functions are the model's (`hedgehog_pipeline/totesys/dimensions.py`, `facts.py`): pure, one per
table, DataFrames in, DataFrame out. `frames.py` has what functions of any model share.
"""
