"""What the stages and the sensors log: lines on the console, the same as JSON in CloudWatch."""

import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

from dagster import ConfigurableResource, InitResourceContext

from hedgehog_pipeline.aws import clients as aws
from hedgehog_pipeline.extraction.snapshot import WRAP, PgSnapshot
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.commits import Commit, IngestionCommit, Part, ProcessedCommit
from hedgehog_pipeline.logs.lines import JsonFormatter, console_handler
from hedgehog_pipeline.logs.sentences import sentence
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.storage.warehouse import Loaded

_LOGGER = logging.getLogger("hedgehog_pipeline")


@contextmanager
def attached(
    log_group: str | None,
    stream: str,
    log_format: str | None = None,
    logger: logging.Logger = _LOGGER,
) -> Generator[None, None, None]:
    """Send the lines to the console and, where a log group is named, to CloudWatch as JSON.

    Args:
        log_group: the CloudWatch log group, which has to be there, or None.
        stream: name of the log stream within it.
        log_format: `json` or `text` on the console; None: text where it is a terminal.
        logger: whose lines.
    """
    handlers = [console_handler(log_format)]
    if log_group:
        handlers.append(_cloudwatch(log_group, stream))
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _cloudwatch(log_group: str, stream: str) -> logging.Handler:
    # Imported where it is used: most processes log to the console alone.
    from watchtower import CloudWatchLogHandler  # noqa: PLC0415

    handler = CloudWatchLogHandler(
        log_group_name=log_group,
        log_stream_name=stream,
        boto3_client=aws.client("logs"),
        create_log_group=False,
        send_interval=5,
    )
    handler.setFormatter(JsonFormatter())
    return handler


class StageLog:
    """Writes what the stages did, in the same fields everywhere."""

    def committed(self, stage: str, commit: Commit, began: datetime) -> None:
        """Write a line for each asset of a commit, and one for the commit."""
        where = {"stage": stage, "batch": commit.batch, "commit": commit.number}
        assets = dict.fromkeys(part.asset for part in commit.parts)
        for asset in assets:
            table = {"table": asset.split("/")[-1]}
            _log("written", {**where, **table, **_size(commit.parts_of(asset))})
        done = {**where, **_size(commit.parts), "seconds": _seconds_since(began)}
        _log("committed", done, tables=len(assets))

    def grown(self, commit: IngestionCommit, table: str, columns: Sequence[str]) -> None:
        """Write that a table of the shop has columns that no declaration names, landed for once."""
        where = {"stage": "extraction", "batch": commit.batch, "commit": commit.number}
        _log("columns not declared", {**where, "table": table, "columns": columns})

    def reread(self, batch: Batch, why: str, table: str | None = None) -> None:
        """Write that the shop, or one table of it, is read in full again, and why."""
        fields = {"stage": "extraction", "batch": batch.id, "why": why}
        _log("read in full again", fields | ({"table": table} if table else {}))

    def held_back(self, commit: IngestionCommit, snapshot: PgSnapshot, ranges: int) -> None:
        """Write that an open transaction of the source makes every commit long."""
        where = {"stage": "extraction", "batch": commit.batch, "commit": commit.number}
        others = snapshot.xmax - snapshot.xmin - 1
        transaction = snapshot.xmin % WRAP  # as pg_stat_activity and pg_prepared_xacts have it
        told = {"transaction": transaction, "others": others, "ranges": ranges}
        _log("held back", {**where, **told})

    def took(self, commit: Commit, table: str, found: Mapping[str, object]) -> None:
        """Write what was found in a file that somebody brought."""
        where = {"stage": "extraction", "batch": commit.batch, "commit": commit.number}
        _log("file taken", {**where, "table": table, **found})

    def dropped(self, stage: str, batch: Batch) -> None:
        """Write that a batch was let go: nothing new in it, or another writer was faster."""
        _log("let go", {"stage": stage, "batch": batch.id, **_size(batch.parts)})

    def loaded(self, commit: ProcessedCommit, loaded: Loaded, began: datetime) -> None:
        """Write a line for each table that a load wrote to, and one for the load."""
        where = {"stage": "storage", "batch": commit.batch, "commit": commit.number}
        for table, count in loaded.rows.items():
            _log("written", {**where, "table": table, "rows": count})
        done = {
            **where,
            "rows": sum(loaded.rows.values()),
            "inferred": loaded.inferred,
            "tombstones": loaded.tombstones,
            "quarantined": loaded.quarantined,
            "seconds": _seconds_since(began),
        }
        _log("loaded", done, tables=len(loaded.rows))


@dataclass(frozen=True)
class WatchLog:
    """Writes what the sensors see, a line each: what alarms are made of.

    Attributes:
        log_group: the CloudWatch log group, or None for the console alone.
        log_format: as `attached` takes it.
    """

    log_group: str | None
    log_format: str | None = None

    def lag(self, seconds: float) -> None:
        """Write how far the warehouse is behind the shop."""
        self._write("lag", seconds=round(seconds, 1))

    def stuck(self, job: str, commits: Sequence[int]) -> None:
        """Write that a job tries commits no more."""
        self._write("stuck", job=job, commits=commits)

    def run_failed(self, job: str, run: str) -> None:
        """Write that a run failed, whoever launched it."""
        self._write("run failed", job=job, run=run)

    def _write(self, event: str, **fields: object) -> None:
        """Write a line, by a logger of its own because ticks of sensors are side by side."""
        logger = logging.Logger(_LOGGER.name)  # noqa: LOG001 (none that others share)
        with attached(self.log_group, "sensors", self.log_format, logger):
            _log(event, fields, logger=logger)


class LogResource(ConfigurableResource[StageLog]):
    """Where the structured log lines of a run go."""

    log_group: str | None
    log_format: str | None = None

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[StageLog, None, None]:
        """Attach the console and CloudWatch for the length of a run."""
        run = context.run.run_id if context.run else "none"
        with attached(self.log_group, run, self.log_format):
            yield StageLog()


def _log(
    event: str,
    fields: Mapping[str, object],
    *,
    tables: int | None = None,
    logger: logging.Logger = _LOGGER,
) -> None:
    """Log an event: its sentence is the message, which is all that Dagster's UI shows of it."""
    said = printable(sentence(event, fields, tables))
    logger.info("%s", said, extra={"event": event, "fields": fields})


def _size(parts: Iterable[Part]) -> dict[str, int]:
    parts = list(parts)
    return {"rows": sum(p.rows for p in parts), "bytes": sum(p.bytes for p in parts)}


def _seconds_since(began: datetime) -> float:
    return round((datetime.now(timezone.utc) - began).total_seconds(), 3)
