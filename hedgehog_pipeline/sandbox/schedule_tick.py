"""A tick of a schedule at once: what it asks for is launched as the daemon would at its hour."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError

from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.ports import LOOPBACK

_SECONDS_TO_ANSWER = 60

_SCHEDULES = """
    { repositoriesOrError { ... on RepositoryConnection {
        nodes { name location { name } schedules { name } } } } }
"""

_TICK = """
    mutation ($schedule: ScheduleSelector!) { scheduleDryRun(selectorData: $schedule) {
        ... on DryRunInstigationTick { evaluationResult {
            skipReason error { message }
            runRequests { jobName runConfigYaml tags { key value } } } } } }
"""

_LAUNCH = """
    mutation ($run: ExecutionParams!) { launchRun(executionParams: $run) {
        __typename ... on LaunchRunSuccess { run { runId } } } }
"""


def launch_tick(port: int, schedule: str) -> list[str]:
    """Evaluate a schedule now, and launch the runs that it asks for; give their ids.

    Args:
        port: of the Dagster UI, on this machine.
        schedule: its name.

    Raises:
        SandboxError: where Dagster does not answer, has no such schedule, or launches nothing.
    """
    place = _repository_of(port, schedule)
    answer = _ask(port, _TICK, {"schedule": {**place, "scheduleName": schedule}})
    tick: dict[str, Any] = answer["scheduleDryRun"].get("evaluationResult") or {}
    if not tick.get("runRequests"):
        why = (tick.get("error") or {}).get("message") or tick.get("skipReason") or answer
        raise SandboxError(f"The schedule {schedule} asked for no run: {why}")
    return [_launch(port, place, schedule, request) for request in tick["runRequests"]]


def _repository_of(port: int, schedule: str) -> dict[str, str]:
    nodes = _ask(port, _SCHEDULES, {})["repositoriesOrError"].get("nodes", [])
    for node in nodes:
        if schedule in [found["name"] for found in node["schedules"]]:
            return {
                "repositoryName": node["name"],
                "repositoryLocationName": node["location"]["name"],
            }
    raise SandboxError(f"Dagster on port {port} has no schedule {schedule}.")


def _launch(port: int, place: Mapping[str, str], schedule: str, request: Mapping[str, Any]) -> str:
    tags = [*request["tags"], {"key": "dagster/schedule_name", "value": schedule}]
    run = {
        "selector": {**place, "jobName": request["jobName"]},
        "runConfigData": request["runConfigYaml"],
        "executionMetadata": {"tags": tags},
    }
    answer = _ask(port, _LAUNCH, {"run": run})["launchRun"]
    if "run" not in answer:
        raise SandboxError(f"The run of the schedule {schedule} was not launched: {answer}")
    return answer["run"]["runId"]


def _ask(port: int, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS_TO_ANSWER) as response:  # noqa: S310
            answer = json.load(response)
    except (OSError, URLError) as error:
        raise SandboxError(f"The Dagster UI on port {port} does not answer: {error}") from error
    if "errors" in answer:
        raise SandboxError(f"Dagster refused a request: {answer['errors']}")
    return answer["data"]
