"""The code location has the same name wherever it runs: links and switches depend on it."""

import pytest
import yaml
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._core.workspace.load_target import get_origins_from_toml

from hedgehog_pipeline_tests.support.repository import REPOSITORY


@pytest.mark.parametrize("folder", [".", "hedgehog_pipeline/sandbox", "deploy"])
def test_the_code_location_is_called_hedgehog(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_CODE_HOST", "code")
    file = REPOSITORY / folder / "workspace.yaml"
    (origin,) = location_origins_from_yaml_paths([str(file)])
    assert origin.location_name == "hedgehog"


def test_pyproject_and_workspace_yaml_name_the_same_location() -> None:
    (first,) = get_origins_from_toml(str(REPOSITORY / "pyproject.toml"))
    (named,) = location_origins_from_yaml_paths([str(REPOSITORY / "workspace.yaml")])
    assert first.location_name == named.location_name
    assert first.loadable_target_origin.module_name == named.loadable_target_origin.module_name


def test_the_code_location_on_kubernetes_has_the_same_name() -> None:
    page = (REPOSITORY / "docs" / "kubernetes.md").read_text()
    values = yaml.safe_load(page.split("```yaml")[1].split("```")[0])
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    assert deployment["name"] == "hedgehog"
