"""Log events of the stages and sensors: to the console, and as JSON to CloudWatch."""

import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

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
    """Send log lines to the console and, if a log group is named, to CloudWatch as JSON.

    Args:
        log_group: the CloudWatch log group, which has to exist, or None.
        stream: name of the log stream within it.
        log_format: `json` or `text` on the console; None for text if it is a terminal.
        logger: the logger whose lines are sent.
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
    # A late import: most processes log to the console only.
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
    """Logs what the stages did, with the same fields everywhere."""

    def committed(self, stage: str, commit: Commit, began: datetime) -> None:
        """Log a line for each asset of a commit, and one for the commit."""
        where = {"stage": stage, "batch": commit.batch, "commit": commit.number}
        assets = dict.fromkeys(part.asset for part in commit.parts)
        for asset in assets:
            table = {"table": asset.split("/")[-1]}
            _log("written", {**where, **table, **_size(commit.parts_of(asset))})
        done = {**where, **_size(commit.parts), "seconds": _seconds_since(began)}
        _log("committed", done, tables=len(assets))

    def undeclared_columns(
        self, commit: IngestionCommit, table: str, columns: Sequence[str]
    ) -> None:
        """Log the columns of a source table that no declaration names; they land only once."""
        where = {"stage": "extraction", "batch": commit.batch, "commit": commit.number}
        _log("columns not declared", {**where, "table": table, "columns": columns})

    def reread(self, batch: Batch, why: str, table: str | None = None) -> None:
        """Log a full refresh of the source, or of one table, and its reason."""
        fields = {"stage": "extraction", "batch": batch.id, "why": why}
        _log("read in full again", fields | ({"table": table} if table else {}))

    def transaction_open(self, commit: IngestionCommit, snapshot: PgSnapshot, ranges: int) -> None:
        """Log an open source transaction that makes every commit object long."""
        where = {"stage": "extraction", "batch": commit.batch, "commit": commit.number}
        others = snapshot.xmax - snapshot.xmin - 1
        transaction = snapshot.xmin % WRAP  # as pg_stat_activity and pg_prepared_xacts have it
        counts = {"transaction": transaction, "others": others, "ranges": ranges}
        _log("held back", {**where, **counts})

    def file_landed(self, commit: Commit, table: str, found: Mapping[str, object]) -> None:
        """Log what was found in an inbox file."""
        where = {"stage": "extraction", "batch": commit.batch, "commit": commit.number}
        _log("file taken", {**where, "table": table, **found})

    def discarded(self, stage: str, batch: Batch) -> None:
        """Log a discarded batch: nothing was new, or another writer committed first."""
        _log("let go", {"stage": stage, "batch": batch.id, **_size(batch.parts)})

    def loaded(self, commit: ProcessedCommit, loaded: Loaded, began: datetime) -> None:
        """Log a line for each table that a load wrote to, and one for the load."""
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
    """Logs what the sensors find, one line each; alarms are built on these lines.

    Attributes:
        log_group: the CloudWatch log group, or None for the console only.
        log_format: as in `attached`.
    """

    log_group: str | None
    log_format: str | None = None

    def lag(self, seconds: float) -> None:
        """Log how far the warehouse is behind the source."""
        self._write("lag", seconds=round(seconds, 1))

    def stuck(self, job: str, commits: Sequence[int]) -> None:
        """Log commits that exhausted their retries."""
        self._write("stuck", job=job, commits=commits)

    def run_failed(self, job: str, run: str) -> None:
        """Log a failed run, whoever launched it."""
        self._write("run failed", job=job, run=run)

    def _write(self, event: str, **fields: object) -> None:
        """Log a line through a logger of its own, because sensor ticks run in parallel."""
        logger = logging.Logger(_LOGGER.name)  # noqa: LOG001 (not shared with other ticks)
        with attached(self.log_group, "sensors", self.log_format, logger):
            _log(event, fields, logger=logger)


def _log(
    event: str,
    fields: Mapping[str, object],
    *,
    tables: int | None = None,
    logger: logging.Logger = _LOGGER,
) -> None:
    """Log an event; the message is its sentence, the only part that Dagster's UI shows."""
    message = printable(sentence(event, fields, tables))
    logger.info("%s", message, extra={"event": event, "fields": fields})


def _size(parts: Iterable[Part]) -> dict[str, int]:
    parts = list(parts)
    return {"rows": sum(p.rows for p in parts), "bytes": sum(p.bytes for p in parts)}


def _seconds_since(began: datetime) -> float:
    return round((datetime.now(timezone.utc) - began).total_seconds(), 3)
