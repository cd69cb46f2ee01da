"""Source and warehouse compared key by key: what differs, what explains it, what is wrong."""
