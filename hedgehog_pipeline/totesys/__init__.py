"""The model of the shop "totesys": its tables, its star, and one function for each table of it.

`dimensions.py` and `facts.py` are what people read: DataFrames in, DataFrame out. Keep Dagster and
S3 out of them, and pandas out of `shop.py` and `star.py`, which every command reads.
"""
