"""`hedgehog init`: write a first model from the tables of a database."""
