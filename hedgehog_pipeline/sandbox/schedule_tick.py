"""Trigger a Dagster schedule now: evaluate it and launch the runs that it requests."""

import json
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any

from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.ports import LOOPBACK

_TIMEOUT_SECONDS = 60

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
    """Evaluate a schedule now and launch the runs that it requests; return their ids.

    Args:
        port: the local port of the Dagster UI.

    Raises:
        SandboxError: if Dagster does not answer, has no such schedule, or launches nothing.
    """
    repository, job = _find_schedule(port, schedule)
    selector = {**repository, "scheduleName": schedule}
    answer = _ask(port, _TICK, {"schedule": selector, "now": time.time()})
    tick: dict[str, Any] = answer["scheduleDryRun"].get("evaluationResult") or {}
    if not tick.get("runRequests"):
        reason = (tick.get("error") or {}).get("message") or tick.get("skipReason") or answer
        raise SandboxError(f"The schedule {schedule} requested no run: {reason}")
    tags = [{"key": "dagster/schedule_name", "value": schedule}]
    return [_launch(port, repository, job, request, tags) for request in tick["runRequests"]]


def _find_schedule(port: int, schedule: str) -> tuple[dict[str, str], str]:
    """Return the repository of a schedule, and the job that it launches."""
    nodes = _ask(port, _SCHEDULES, {})["repositoriesOrError"].get("nodes", [])
    for node in nodes:
        for found in node["schedules"]:
            if found["name"] == schedule:
                repository = {
                    "repositoryName": node["name"],
                    "repositoryLocationName": node["location"]["name"],
                }
                return repository, found["pipelineName"]
    raise SandboxError(f"Dagster on port {port} has no schedule {schedule}.")


def _launch(
    port: int,
    repository: Mapping[str, str],
    job: str,
    request: Mapping[str, Any],
    tags: Sequence[Mapping[str, str]],
) -> str:
    run = {
        "selector": {**repository, "jobName": request["jobName"] or job},
        "runConfigData": request["runConfigYaml"],
        "executionMetadata": {"tags": [*request["tags"], *tags]},
    }
    answer = _ask(port, _LAUNCH, {"run": run})["launchRun"]
    if "run" not in answer:
        raise SandboxError(f"A run of the job {job} was not launched: {answer}")
    return answer["run"]["runId"]


def _ask(port: int, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables})
    connection = HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
        # The body is read whatever the HTTP status is: it has the message of an error.
        answer = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError) as error:
        raise SandboxError(f"The Dagster UI on port {port} does not answer: {error}") from error
    finally:
        connection.close()
    if "errors" in answer:
        raise SandboxError(f"Dagster refused a request: {answer['errors']}")
    return answer["data"]
