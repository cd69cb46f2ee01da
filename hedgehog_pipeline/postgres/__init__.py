"""PostgreSQL, whichever database: connections, its catalog, COPY in and out, sets of keys.

What knows a declared table of the source or of the star does not belong here.
"""
