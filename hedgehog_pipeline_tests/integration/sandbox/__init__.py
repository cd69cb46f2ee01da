"""Tests of the sandbox, against its real servers."""
