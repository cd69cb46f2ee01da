"""What a table is, and the tables of the chosen model, each declared once.

Arrow schemas, CSV reading, DDL, checks and lineage come out of these declarations. A model, such as
`hedgehog_pipeline.totesys`, holds the declarations (docs/your-own-shop.md); keep out of here
whatever knows one shop, talks to a database or to S3.
"""
