"""The report of totesys: its questions are asked of its star (`hedgehog_pipeline/report/`)."""

from hedgehog_pipeline.report import definitions, make

__all__ = ["definitions", "make"]
