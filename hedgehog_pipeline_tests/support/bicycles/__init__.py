"""A bicycle hire, as different from totesys as the requirements on a source allow.

Key names follow no pattern, two keys are bigints, one table has two columns and no timestamps, two
tables have names that Dagster forbids, timestamps have zones, days are nullable, and one fact has
no versions.
"""
