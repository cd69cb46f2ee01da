"""A tick of a schedule at once: what it asks for is launched as the daemon would at its hour."""

import json
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any

from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.ports import LOOPBACK

_SECONDS_TO_ANSWER = 60

_SCHEDULES = """
    { repositoriesOrError { ... on RepositoryConnection {
        nodes { name location { name } schedules { name pipelineName } } } } }
"""

_TICK = """
    mutation ($schedule: ScheduleSelector!, $now: Float!) {
        scheduleDryRun(selectorData: $schedule, timestamp: $now) {
            ... on PythonError { message }
            ... on DryRunInstigationTick { evaluationResult {
                skipReason error { message }
                runRequests { jobName runConfigYaml tags { key value } } } } } }
"""

_LAUNCH = """
    mutation ($run: ExecutionParams!) { launchRun(executionParams: $run) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on RunConfigValidationInvalid { errors { message } }
        ... on PythonError { message } } }
"""


def launch_tick(port: int, schedule: str) -> list[str]:
    """Evaluate a schedule now, and launch the runs that it asks for; give their ids.

    Args:
        port: of the Dagster UI, on this machine.
        schedule: its name.

    Raises:
        SandboxError: where Dagster does not answer, has no such schedule, or launches nothing.
    """
    place, job = _place_of(port, schedule)
    selector = {**place, "scheduleName": schedule}
    answer = _ask(port, _TICK, {"schedule": selector, "now": time.time()})
    tick: dict[str, Any] = answer["scheduleDryRun"].get("evaluationResult") or {}
    if not tick.get("runRequests"):
        why = (tick.get("error") or {}).get("message") or tick.get("skipReason") or answer
        raise SandboxError(f"The schedule {schedule} asked for no run: {why}")
    tags = [{"key": "dagster/schedule_name", "value": schedule}]
    return [_launch(port, place, job, request, tags) for request in tick["runRequests"]]


def _place_of(port: int, schedule: str) -> tuple[dict[str, str], str]:
    """Give the repository that holds a schedule, and the job that it launches."""
    nodes = _ask(port, _SCHEDULES, {})["repositoriesOrError"].get("nodes", [])
    for node in nodes:
        for found in node["schedules"]:
            if found["name"] == schedule:
                place = {
                    "repositoryName": node["name"],
                    "repositoryLocationName": node["location"]["name"],
                }
                return place, found["pipelineName"]
    raise SandboxError(f"Dagster on port {port} has no schedule {schedule}.")


def _launch(
    port: int,
    place: Mapping[str, str],
    job: str,
    request: Mapping[str, Any],
    tags: Sequence[Mapping[str, str]],
) -> str:
    run = {
        "selector": {**place, "jobName": request["jobName"] or job},
        "runConfigData": request["runConfigYaml"],
        "executionMetadata": {"tags": [*request["tags"], *tags]},
    }
    answer = _ask(port, _LAUNCH, {"run": run})["launchRun"]
    if "run" not in answer:
        raise SandboxError(f"A run of the job {job} was not launched: {answer}")
    return answer["run"]["runId"]


def _ask(port: int, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables})
    connection = HTTPConnection(LOOPBACK, port, timeout=_SECONDS_TO_ANSWER)
    try:
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        # Dagster's status says whether the answer tells of an error; the answer says which.
        answer = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError) as error:
        raise SandboxError(f"The Dagster UI on port {port} does not answer: {error}") from error
    finally:
        connection.close()
    if "errors" in answer:
        raise SandboxError(f"Dagster refused a request: {answer['errors']}")
    return answer["data"]
