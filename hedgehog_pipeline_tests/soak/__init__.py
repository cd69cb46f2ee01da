"""`hedgehog dev` left to itself, and watched: `make soak`, `make watch`."""
