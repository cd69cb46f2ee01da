"""`hedgehog run` and `hedgehog rebuild`: run the stages one after the other, without a daemon."""
