"""The image of a deployment: what it begins with, and what its webserver and its daemon are."""

import re

from hedgehog_pipeline.orchestration import dagster_daemon, dagster_webserver
from hedgehog_pipeline_tests.aws.files import REPOSITORY, TERRAFORM


def test_the_base_image_is_named_by_its_digest() -> None:
    watermarks = re.findall(r"^FROM (\S+)", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert watermarks
    assert all(re.fullmatch(r"[\w:./-]+@sha256:[0-9a-f]{64}", base) for base in watermarks)


def test_the_webserver_that_is_deployed_is_the_guarded_one() -> None:
    services = (TERRAFORM / "modules" / "platform" / "main.tf").read_text()
    assert f'["python", "-m", "{dagster_webserver.__name__}"]' in services
    assert '"dagster-webserver"' not in services


def test_the_daemon_that_is_deployed_ends_in_order() -> None:
    services = (TERRAFORM / "modules" / "platform" / "main.tf").read_text()
    assert f'["python", "-m", "{dagster_daemon.__name__}", "run"]' in services
