"""The lake: two buckets, each a numbered log of commits over immutable parts (docs/design.md).

This is the only place that speaks to S3. A part is written before the commit that names it; a
batch exists when, and only when, its commit object exists.
"""
