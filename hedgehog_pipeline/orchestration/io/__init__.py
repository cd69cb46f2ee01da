"""IO managers: what an asset returns is stored by them, and what it asks for is read."""
