"""Tests of hedgehog_pipeline: `unit` needs no server, `integration` does, `proofs` take long.

`unit` and `integration` mirror the package. `support` has what tests share.
"""
