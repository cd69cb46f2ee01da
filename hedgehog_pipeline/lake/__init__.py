"""The lake: two buckets, each a numbered log of commits over immutable parts (docs/design.md).

Only this package reads and writes these objects. A part is written before the commit that names it;
a batch exists if, and only if, its commit object exists.
"""
