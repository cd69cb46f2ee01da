"""`make mutation` names modules and tests that exist."""

from hedgehog_pipeline_tests.proofs.mutation.core import CORE
from hedgehog_pipeline_tests.support.repository import REPOSITORY


def test_every_mutated_module_and_each_of_its_tests_exist() -> None:
    paths = [
        *(f"hedgehog_pipeline/{module}" for module in CORE),
        *(f"hedgehog_pipeline_tests/{test}" for tests in CORE.values() for test in tests),
    ]
    assert [path for path in paths if not (REPOSITORY / path).is_file()] == []
