"""Ingestion bucket to processed bucket: the star, shaped by pure functions of pandas.

`dimensions.py` and `facts.py` are what people read: one function a table, DataFrames in,
DataFrame out. Keep Dagster and S3 out of them.
"""
