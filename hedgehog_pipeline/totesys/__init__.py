"""The model of the demo shop "totesys": its tables, its star, and one transform per star table.

`dimensions.py` and `facts.py` are what people read: DataFrames in, DataFrame out. Keep Dagster and
S3 out of them, and keep pandas out of `shop.py` and `star.py`, which every command imports.
"""
