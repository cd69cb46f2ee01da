"""Tests of hedgehog_pipeline; the folders mirror the package."""
