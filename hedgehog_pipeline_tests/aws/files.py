"""Where the files of a deployment on AWS are."""

import json
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
TERRAFORM = REPOSITORY / "terraform"
DEPLOY = REPOSITORY / "deploy"


def shared_names() -> dict[str, Any]:
    """What Terraform and Python call by the same name."""
    return json.loads((TERRAFORM / "names.tf.json").read_text())["locals"]
