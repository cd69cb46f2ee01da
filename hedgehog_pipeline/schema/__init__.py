"""The tables of the shop and of the star, each declared once.

Arrow schemas, CSV reading, DDL, checks and lineage come out of these declarations. Add a table
here; keep out whatever talks to a database or to S3.
"""
