"""Compare source and warehouse key by key: differences, explanations, and which side is wrong."""
