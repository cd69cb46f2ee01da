"""The mutated modules (capture rule, commit log, as-of join, upserts), with their tests."""

_CAPTURES = (
    "integration/extraction/test_snapshot.py",
    "integration/extraction/test_capture_exactly_once.py",
    "integration/extraction/test_capture_ignores_stamps.py",
    "integration/extraction/test_concurrent_captures.py",
    "integration/extraction/test_xid_wraparound.py",
    "integration/extraction/test_initial_load.py",
    "integration/extraction/test_full_refresh.py",
    "integration/extraction/test_watermarks.py",
)
_JOINS = (
    "integration/lake/test_as_of.py",
    "unit/processing/test_transform.py",
    "unit/processing/test_joined_in_any_order.py",
    "integration/test_deletes.py",
    "integration/test_quarantined_values.py",
    "integration/monitoring/test_quarantine_closes.py",
    "integration/test_quarantined_parents.py",
)

CORE = {
    "extraction/snapshot.py": _CAPTURES,
    "extraction/source_identity.py": (
        "integration/extraction/test_source_identity.py",
        "integration/extraction/test_full_refresh.py",
    ),
    "extraction/capture.py": _CAPTURES,
    "lake/log.py": (
        "integration/lake/test_create.py",
        "integration/lake/test_log.py",
        "integration/lake/test_objects.py",
    ),
    "lake/landed.py": _JOINS,
    "processing/transform.py": _JOINS,
    "storage/upsert.py": (
        "integration/storage/test_upsert.py",
        "integration/storage/test_load.py",
        "integration/storage/test_migration.py",
        "integration/test_changes.py",
    ),
}
"""By module, in the package; the tests are in `hedgehog_pipeline_tests`."""
