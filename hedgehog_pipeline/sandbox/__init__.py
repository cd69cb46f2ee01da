"""The sandbox: PostgreSQL, S3, an AWS emulator and a demo shop as local processes."""
