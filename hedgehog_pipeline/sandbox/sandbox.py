"""All servers that the platform needs, in one folder: `up` starts and `down` stops them."""

import json
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

from hedgehog_pipeline.sandbox.archive import Archive
from hedgehog_pipeline.sandbox.aws import AwsServer, rds_secret, topic_arn
from hedgehog_pipeline.sandbox.clients import REGION
from hedgehog_pipeline.sandbox.databases import (
    DAGSTER,
    READER,
    SOURCE,
    WAREHOUSE,
    WRITER,
    create_databases,
    grant_reading,
)
from hedgehog_pipeline.sandbox.environment import refuse_foreign, write_environment
from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.files import private_folder, read_json, write_private
from hedgehog_pipeline.sandbox.postgres import PostgresServer
from hedgehog_pipeline.sandbox.s3 import S3Server, create_buckets
from hedgehog_pipeline.sandbox.shop import open_shop
from hedgehog_pipeline.sandbox.trade import utc_now

_INGESTION_BUCKET = "hedgehog-ingestion"
_PROCESSED_BUCKET = "hedgehog-processed"
_SOURCE_SECRET = "hedgehog/source"  # noqa: S105  a name
_WAREHOUSE_SECRET = "hedgehog/warehouse"  # noqa: S105  a name
_PARAMETER_PREFIX = "/hedgehog"
_LOG_GROUP = "/hedgehog"
_TOPIC = "hedgehog-alerts"

# Git ignores the folder, wherever it is.
_GITIGNORE = "*\n"
_DAGSTER_YAML = Path(__file__).with_name("dagster.yaml")
# So that a new sandbox has past partitions to replay.
_DAYS_BEFORE = timedelta(days=30)


class _Settings(TypedDict):
    first_day: str
    passwords: dict[str, str]


@dataclass(frozen=True)
class ServerStatus:
    """The status of a server; its address is None while it is stopped."""

    running: bool
    address: str | None


@dataclass(frozen=True)
class SandboxStatus:
    """The status of the three servers."""

    postgres: ServerStatus
    s3: ServerStatus
    aws: ServerStatus


class Sandbox:
    """The sandbox in a folder, and a file `.env` next to the folder."""

    def __init__(self, folder: Path = Path(".sandbox")) -> None:
        """Does not create or start anything yet."""
        self.folder = folder.resolve()
        self.dotenv = self.folder.parent / ".env"
        self.postgres = PostgresServer(self.folder / "postgres")
        self.s3 = S3Server(self.folder / "s3")
        self.aws = AwsServer(self.folder / "aws", lambda: self.s3.keys)
        self._dagster = self.folder / "dagster"
        self._settings_file = self.folder / "settings.json"

    def __repr__(self) -> str:
        """Show the folder."""
        return f"Sandbox({str(self.folder)!r})"

    def up(self, orders: int = 5000) -> None:
        """Start the stopped servers; create the shop with so many orders if it is missing."""
        refuse_foreign(self.dotenv)
        self._create_files()
        all_at_once([self.postgres.start, self.s3.start, self.aws.start])
        passwords = self._settings()["passwords"]
        create_databases(self.postgres.dsn("postgres"), passwords)
        open_shop(self.shop_dsn(), Archive(orders, utc_now()))
        grant_reading(self.shop_dsn())
        create_buckets(self.s3.client(), [_INGESTION_BUCKET, _PROCESSED_BUCKET])
        self.aws.seed(
            {
                _SOURCE_SECRET: rds_secret(
                    self.postgres.dsn(SOURCE, user=READER, password=passwords[READER])
                ),
                _WAREHOUSE_SECRET: rds_secret(
                    self.postgres.dsn(WAREHOUSE, user=WRITER, password=passwords[WRITER])
                ),
            },
            log_group=_LOG_GROUP,
            topic=_TOPIC,
        )
        write_environment(self.dotenv, self.environment())

    def down(self) -> None:
        """Stop the servers; the data of shop, lake and warehouse is kept."""
        all_at_once([self.aws.stop, self.s3.stop, self.postgres.stop])

    def status(self) -> SandboxStatus:
        """Return which servers are running, with their addresses."""
        postgres, s3, aws = self.postgres, self.s3, self.aws
        return SandboxStatus(
            ServerStatus(postgres.running, postgres.address if postgres.running else None),
            ServerStatus(s3.running, s3.endpoint if s3.running else None),
            ServerStatus(aws.running, aws.endpoint if aws.running else None),
        )

    def environment(self) -> dict[str, str]:
        """Return the environment variables of the platform, as `.env` has them."""
        settings = self._settings()
        access_key, secret_key = self.s3.keys
        return {
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_ENDPOINT_URL_S3": self.s3.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "HEDGEHOG_SOURCE_SECRET": _SOURCE_SECRET,
            "HEDGEHOG_WAREHOUSE_SECRET": _WAREHOUSE_SECRET,
            "HEDGEHOG_INGESTION_BUCKET": _INGESTION_BUCKET,
            "HEDGEHOG_PROCESSED_BUCKET": _PROCESSED_BUCKET,
            "HEDGEHOG_PARAMETER_PREFIX": _PARAMETER_PREFIX,
            "HEDGEHOG_LOG_GROUP": _LOG_GROUP,
            "HEDGEHOG_ALERT_TOPIC": topic_arn(_TOPIC),
            "HEDGEHOG_FIRST_DAY": settings["first_day"],
            "DAGSTER_HOME": str(self._dagster),
            "HEDGEHOG_DAGSTER_URL": self._dagster_url(),
        }

    def shop_dsn(self) -> str:
        """Return the connection string of the shop for the owner of its tables."""
        return self.postgres.dsn(SOURCE)

    def _dagster_url(self) -> str:
        """Return the URL of Dagster's database; SQLAlchemy needs the driver in it."""
        password = self._settings()["passwords"][DAGSTER]
        return f"postgresql+psycopg2://{DAGSTER}:{password}@{self.postgres.address}/{DAGSTER}"

    def _create_files(self) -> None:
        """Create the folder; at the first `up` also keys, passwords and settings.

        An earlier version may have written `dagster.yaml`: it names modules, which may have moved.
        """
        private_folder(self.folder)
        private_folder(self._dagster)
        self.s3.make_keys()
        shipped = _DAGSTER_YAML.read_text(encoding="utf-8")
        dagster_yaml = self._dagster / "dagster.yaml"
        if not dagster_yaml.exists() or dagster_yaml.read_text(encoding="utf-8") != shipped:
            write_private(dagster_yaml, shipped)
        first_time = {
            self.folder / ".gitignore": _GITIGNORE,
            self._settings_file: json.dumps(
                {
                    "first_day": (utc_now().date() - _DAYS_BEFORE).isoformat(),
                    "passwords": {
                        role: secrets.token_urlsafe(24) for role in (READER, WRITER, DAGSTER)
                    },
                }
            ),
        }
        for file, text in first_time.items():
            if not file.exists():
                write_private(file, text)

    def _settings(self) -> _Settings:
        settings = read_json(self._settings_file)
        if settings is None:
            raise SandboxError(
                f"There is no sandbox in {self.folder}. Start one with `hedgehog sandbox up`."
            )
        return settings


def all_at_once(steps: Sequence[Callable[[], object]]) -> None:
    """Run the steps in parallel and wait for all of them; raise the first error."""
    with ThreadPoolExecutor(len(steps)) as pool:
        for step in [pool.submit(step) for step in steps]:
            step.result()
