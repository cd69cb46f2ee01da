"""The platform's surroundings on a laptop, made of real parts: PostgreSQL, S3, AWS, a shop."""
