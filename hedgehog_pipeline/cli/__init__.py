"""The `hedgehog` command, one file for each group of commands.

A command imports its modules when it runs, so that help and shell completion are fast. To add a
command, write it in a new file and register it in `main.py`.
"""

from hedgehog_pipeline.cli.main import hedgehog, main

__all__ = ["hedgehog", "main"]
