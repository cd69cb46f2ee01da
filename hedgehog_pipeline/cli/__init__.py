"""The `hedgehog` command, a file for each group of commands.

A command imports what it works with when it is run, so that help and completion answer at once.
To add one, write it in a file of its own and name it in `main.py`.
"""

from hedgehog_pipeline.cli.main import hedgehog, main

__all__ = ["hedgehog", "main"]
