"""All of Dagster: assets, checks, IO managers, sensors, schedules, and its instance.

Code that can be said without Dagster belongs in the other folders; what is here calls it.
"""
