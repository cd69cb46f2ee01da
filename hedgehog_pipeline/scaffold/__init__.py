"""`hedgehog init`: a model to begin with, written from the tables that a database has."""
