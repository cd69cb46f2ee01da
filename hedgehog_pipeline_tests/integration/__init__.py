"""Tests against real servers: PostgreSQL, and an emulator of AWS over HTTP."""
