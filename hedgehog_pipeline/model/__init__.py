"""Table declarations: the classes, and the tables of the chosen model, each declared once.

Arrow schemas, CSV reading, DDL, checks and lineage are derived from these declarations. A model,
such as `hedgehog_pipeline.totesys`, has the declarations (docs/your-own-shop.md). Code that knows
one source, or talks to a database or to S3, does not belong here.
"""
