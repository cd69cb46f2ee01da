"""The paths of the deployment files for AWS."""

import json
from typing import Any

from hedgehog_pipeline_tests.support.repository import REPOSITORY

TERRAFORM = REPOSITORY / "terraform"
DEPLOY = REPOSITORY / "deploy"


def shared_names() -> dict[str, Any]:
    """Return the names that Terraform and Python share."""
    return json.loads((TERRAFORM / "names.tf.json").read_text())["locals"]
