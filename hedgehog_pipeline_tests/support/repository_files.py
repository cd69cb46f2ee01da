"""The paths of the deployment files for AWS."""

import json
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
TERRAFORM = REPOSITORY / "terraform"
DEPLOY = REPOSITORY / "deploy"


def shared_names() -> dict[str, Any]:
    """Return the names that Terraform and Python share."""
    return json.loads((TERRAFORM / "names.tf.json").read_text())["locals"]
