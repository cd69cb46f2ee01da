"""PostgreSQL access: connections, COPY in and out, and sets of keys as ranges.

Nothing here knows a declared table of the source or of the star.
"""
