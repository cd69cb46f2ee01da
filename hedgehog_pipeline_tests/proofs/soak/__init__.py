"""Long runs of `hedgehog dev` under observation: `make soak`, `make watch`."""
