"""A hire of bicycles, as unlike totesys as the demands on a shop allow.

Keys are named in no common way, two are bigints, one table has two columns and no stamps, two have
names that Dagster forbids, times carry zones, days may be absent, and one fact has no versions.
"""
