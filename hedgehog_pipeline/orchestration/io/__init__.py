"""IO managers: they store what assets return, and load what assets take as inputs."""
