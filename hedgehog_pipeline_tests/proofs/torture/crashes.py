"""Work in a process that is killed at a chosen step by SIGKILL.

The product's code is not changed. All its effects go through boto3 and psycopg, and those calls are
watched. A step is a call and a phase: `before` it, `sent` (the answer is awaited), or `after` it
(the answer has arrived and is not used yet).
"""

import os
import re
import signal
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from typing import Any, NamedTuple

import psycopg
from botocore.client import BaseClient

from hedgehog_pipeline.deployment import Deployment
from hedgehog_pipeline.runner.runner import detect_deletes_until_done, run_until_done
from hedgehog_pipeline.settings import Settings

Work = Callable[[Settings], None]

_CHANGES = {"PutObject": "Key", "PutParameter": "Name"}
_PART = re.compile(r"(.+)/\d{4}-\d\d-\d\d/[^/]+-(\d+)\.\w+")
_COMMIT = re.compile(r"commits/0*(\d+)\.json")
_ANSWER_AWAITED = 1  # psycopg's WAIT_R: all is sent

_FORKSERVER = get_context("forkserver")
_FORKSERVER.set_forkserver_preload(
    [f"{__package__}.warm", "hedgehog_pipeline.runner.execute", __name__]
)


class Step(NamedTuple):
    what: str
    phase: str

    def __str__(self) -> str:
        return f"{self.phase} {self.what}"


@dataclass(frozen=True)
class Ending:
    """The steps of a process, and its exit code."""

    steps: list[Step]
    code: int | None


def run(settings: Settings) -> None:
    """`hedgehog run`."""
    list(run_until_done(Deployment(settings)))


def detect_deletes(settings: Settings) -> None:
    """`hedgehog run --sweep`, after the run."""
    list(detect_deletes_until_done(Deployment(settings), allow_mass_delete=False))


def perform(work: Work, settings: Settings, *, fatal: int | None = None) -> Ending:
    """Do the work in a process, which is killed at the step `fatal` if given."""
    reader, writer = _FORKSERVER.Pipe(duplex=False)
    process = _FORKSERVER.Process(target=_watched, args=(work, settings, writer, fatal))
    process.start()
    writer.close()
    steps: list[Step] = []
    with suppress(EOFError):
        while True:
            steps.append(Step(*reader.recv()))
    process.join()
    return Ending(steps, process.exitcode)


def _watched(work: Work, settings: Settings, report: Pipe, fatal: int | None) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    Watch(settings, report, fatal).begin()
    work(settings)


def _name_of(key: str) -> str:
    """Return a name of an object or parameter without its batch and day."""
    if part := _PART.fullmatch(key):
        return f"{part[1]} {part[2]}"
    if commit := _COMMIT.fullmatch(key):
        return f"commit {commit[1]}"
    return key.rpartition("/")[2]


class Watch:
    """Reports each step of this process, and kills it at the fatal one."""

    def __init__(self, settings: Settings, report: Pipe, fatal: int | None) -> None:
        self._report, self._fatal, self._count, self._marks = report, fatal, 0, ""
        self._places = {
            settings.ingestion_bucket: "ingestion",
            settings.processed_bucket: "processed",
            None: "parameter",
        }

    def begin(self) -> None:
        """Wrap the calls that change something."""
        self._watch_aws()
        self._watch_statements()
        self._watch_copies()
        self._watch_commits()

    def _reached(self, what: str, phase: str) -> None:
        self._report.send((what, phase))
        if self._count == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self._count += 1

    def _watch_aws(self) -> None:
        call = BaseClient._make_api_call

        def watched(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            if operation not in _CHANGES:
                return call(client, operation, parameters)
            place = self._places[parameters.get("Bucket")]
            what = f"{place} {_name_of(parameters[_CHANGES[operation]])}"
            self._reached(what, "before")
            answer = call(client, operation, parameters)
            self._reached(what, "after")
            return answer

        BaseClient._make_api_call = watched

    def _watch_statements(self) -> None:
        """Record which commit the transaction marks as loaded, for the name of its step."""
        execute = psycopg.Cursor.execute

        def watched(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
            if isinstance(query, str) and query.startswith("insert into hedgehog.commits"):
                self._marks = f" {params[0]}"
            return execute(cursor, query, params, **options)

        psycopg.Cursor.execute = watched

    def _watch_copies(self) -> None:
        write = psycopg.Copy.write

        def watched(copy: Any, buffer: Any) -> None:
            write(copy, buffer)
            table = copy.cursor._query.query.decode().split('"')[1]
            self._reached(f"COPY {table}", "within")

        psycopg.Copy.write = watched

    def _watch_commits(self) -> None:
        command = psycopg.Connection._exec_command

        def watched(connection: Any, query: Any, *arguments: Any) -> Generator[Any, Any, Any]:
            steps = command(connection, query, *arguments)
            of_warehouse = "warehouse" in connection.info.get_parameters()["application_name"]
            if query != b"COMMIT" or not of_warehouse:
                return (yield from steps)
            what, self._marks = f"COMMIT{self._marks}", ""
            self._reached(what, "before")
            sent = False
            try:
                awaited = next(steps)
                while True:
                    if awaited == _ANSWER_AWAITED and not sent:
                        sent = True
                        self._reached(what, "sent")
                    awaited = steps.send((yield awaited))
            except StopIteration as end:
                self._reached(what, "after")
                return end.value

        psycopg.Connection._exec_command = watched
