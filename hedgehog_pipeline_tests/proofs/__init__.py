"""Long proofs, each with a make target of its own, and a short version in the suite."""
