"""Asset checks: rules on each table, freshness, and the comparison with the source."""
