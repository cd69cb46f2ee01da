"""The settings of a deployment: names in environment variables, never a secret."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from hedgehog_pipeline.errors import HedgehogError

_LOGIN = re.compile(r"[^/\s]*@")

_JOB_TAGS = TypeAdapter(dict[str, dict[str, str]])


@dataclass(frozen=True)
class Settings:
    """The settings of one deployment: where its source, lake and warehouse are, and its limits.

    Attributes:
        model: the package that declares the source and its star (docs/your-own-shop.md).
        source_secret: name of the source database's secret in Secrets Manager.
        source_address: the source database as `host:port/dbname`, for what its secret leaves out:
            a secret that RDS manages holds user name and password only.
        warehouse_secret: name of the warehouse's secret in Secrets Manager.
        warehouse_address: the same for the warehouse.
        ingestion_bucket: S3 bucket of the CSV parts and the ingestion log.
        processed_bucket: S3 bucket of the Parquet parts and the processed log.
        parameter_prefix: path of the SSM parameters.
        first_day: first partition of the calendar, a UTC day.
        alert_topic: ARN of the SNS topic for failures, or None.
        ui_url: where people reach the Dagster UI: for the links in alerts, and the one public name
            that the webserver answers to.
        code_url: web address of the folder that holds the model's outermost package, at the
            deployed commit; None for links that open files on this machine.
        log_group: CloudWatch log group, or None for the console only.
        log_format: console lines as `json` or `text`; None for text on a terminal, else JSON.
        database_ca: file of the CA certificates that databases are verified against, or None for
            the system's own.
        part_bytes: approximate bytes of CSV in one part; bounds each stage's memory.
        slice_rows: how many rows of the initial load one commit takes at most.
        processing_runs: how many runs may process pending commits at the same time.
        mass_delete_share: share of a table's rows, 0 to 1, that delete detection accepts as deleted
            without asking.
        records_days: for how many days Dagster keeps its runs and check evaluations.
        job_tags: tags of each job's runs, as a JSON object of objects: what a run launcher reads,
            such as the size of a task.
    """

    model: str = "hedgehog_pipeline.totesys"
    source_secret: str = "hedgehog/source"  # noqa: S105 (a name, not a secret)
    source_address: str | None = None
    warehouse_secret: str = "hedgehog/warehouse"  # noqa: S105 (a name, not a secret)
    warehouse_address: str | None = None
    ingestion_bucket: str = "hedgehog-ingestion"
    processed_bucket: str = "hedgehog-processed"
    parameter_prefix: str = "/hedgehog"
    first_day: date = date(2026, 1, 1)
    alert_topic: str | None = None
    ui_url: str = "http://127.0.0.1:3000"
    code_url: str | None = None
    log_group: str | None = None
    log_format: str | None = None
    database_ca: str | None = None
    part_bytes: int = 16 * 1024 * 1024
    slice_rows: int = 500_000
    processing_runs: int = 1
    mass_delete_share: float = 0.1
    records_days: int = 14
    job_tags: str = "{}"

    def tags_of(self, job: str) -> Mapping[str, str]:
        """Return the tags of a job's runs."""
        return _JOB_TAGS.validate_json(self.job_tags).get(job, {})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the `HEDGEHOG_*` variables; one that is absent or empty keeps its default.

        Raises:
            HedgehogError: if a value is not valid, or both buckets are the same.
        """
        readers = {
            "first_day": _first_day,
            "ui_url": _web_address,
            "log_format": _log_format,
            "part_bytes": _count,
            "slice_rows": _count,
            "processing_runs": _count,
            "mass_delete_share": _share,
            "records_days": _count,
            "job_tags": _tags,
        }
        found: dict[str, object] = {}
        for name in cls.__dataclass_fields__:
            variable = f"HEDGEHOG_{name.upper()}"
            text = environment.get(variable)
            if not text:
                continue
            try:
                found[name] = readers.get(name, str)(text)
            except ValueError as error:
                shown = _LOGIN.sub("***@", text)
                raise HedgehogError(
                    f"{variable} is {shown!r}, which is not valid ({error}); "
                    f"{_advice(getattr(cls, name))}."
                ) from error
        settings = cls(**found)  # type: ignore[arg-type]
        if settings.ingestion_bucket == settings.processed_bucket:
            raise HedgehogError(
                "HEDGEHOG_INGESTION_BUCKET and HEDGEHOG_PROCESSED_BUCKET both name "
                f"{settings.ingestion_bucket}. Each needs a log of its own: name two buckets."
            )
        return settings


def _advice(default: object) -> str:
    return f"set it in the form of its default, {default}" if default is not None else "correct it"


def _first_day(text: str) -> date:
    today = datetime.now(timezone.utc).date()
    if (day := date.fromisoformat(text)) > today:
        raise ValueError(f"it is after today, {today} in UTC, so no day has a partition")
    return day


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("it must begin with http:// or https:// and a host, without a login")
    return text.rstrip("/")


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError("it must be 1 or more")
    return number


def _share(text: str) -> float:
    if not 0 <= (share := float(text)) <= 1:
        raise ValueError("it must be a share, 0 to 1")
    return share


def _log_format(text: str) -> str:
    if text not in {"json", "text"}:
        raise ValueError("it must be json or text")
    return text


def _tags(text: str) -> str:
    try:
        return json.dumps(_JOB_TAGS.validate_json(text))
    except ValidationError as error:
        raise ValueError("it must be a JSON object of objects of strings") from error
