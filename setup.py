"""For tools that still need a setup.py; the metadata is in pyproject.toml."""

from setuptools import setup

setup()
