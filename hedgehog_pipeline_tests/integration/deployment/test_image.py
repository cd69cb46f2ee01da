"""The container image: its base, its webserver and its daemon."""

import re

from hedgehog_pipeline.orchestration import dagster_daemon, dagster_webserver
from hedgehog_pipeline_tests.support.repository import REPOSITORY
from hedgehog_pipeline_tests.support.repository_files import TERRAFORM


def test_base_images_are_pinned_by_digest() -> None:
    base_images = re.findall(r"^FROM (\S+)", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert base_images
    assert all(re.fullmatch(r"[\w:./-]+@sha256:[0-9a-f]{64}", image) for image in base_images)


def test_the_deployed_webserver_is_the_one_of_hedgehog() -> None:
    services = (TERRAFORM / "modules" / "platform" / "main.tf").read_text()
    assert f'["python", "-m", "{dagster_webserver.__name__}"]' in services
    assert '"dagster-webserver"' not in services


def test_the_deployed_daemon_is_the_one_of_hedgehog() -> None:
    services = (TERRAFORM / "modules" / "platform" / "main.tf").read_text()
    assert f'["python", "-m", "{dagster_daemon.__name__}", "run"]' in services
