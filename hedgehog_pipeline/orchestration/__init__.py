"""All of Dagster: assets, checks, IO managers, sensors, schedules, and its instance.

Logic that needs no Dagster belongs in the other folders; the code here calls it.
"""
