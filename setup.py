"""For tools that still ask for a setup.py; the metadata stands in pyproject.toml."""

from setuptools import setup

setup()
