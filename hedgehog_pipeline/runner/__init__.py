"""`hedgehog run` and `hedgehog rebuild`: the stages one after the other, without a daemon."""
