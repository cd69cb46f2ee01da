"""An AWS emulator, moto: Secrets Manager, SSM, CloudWatch Logs and SNS.

It keeps everything in memory, so the resources that the platform needs are created again at each
start. Quick tests use it as S3, too.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import boto3
from psycopg.conninfo import conninfo_to_dict

from hedgehog_pipeline.sandbox.clients import ACCESS_KEY, REGION, client_arguments, fetch_json
from hedgehog_pipeline.sandbox.files import private_folder
from hedgehog_pipeline.sandbox.ports import LOOPBACK, keep_ports, last_port
from hedgehog_pipeline.sandbox.process import ServerProcess

# The account id that moto uses.
_ACCOUNT = "123456789012"


class AwsServer:
    """The emulator as a server process on the loopback address.

    It answers only requests that are signed with its access key: it has the database passwords.
    """

    def __init__(self, folder: Path, keys: Callable[[], tuple[str, str]]) -> None:
        """Does not create or start anything yet.

        Args:
            keys: returns the access key and the secret key.
        """
        self.folder = folder.resolve()
        self._ports = self.folder / "ports.json"
        self._keys = keys
        self._process = ServerProcess("moto", self.folder)

    def __repr__(self) -> str:
        """Show the folder."""
        return f"AwsServer({str(self.folder)!r})"

    @property
    def running(self) -> bool:
        """Whether the server of this folder is running."""
        return self._process.running

    @property
    def endpoint(self) -> str:
        """The URL since the last start."""
        return f"http://{LOOPBACK}:{last_port(self._ports, 'aws')}"

    def start(self) -> "AwsServer":
        """Start the server, without data, if it is not running, and wait until it answers."""
        if self.running:
            return self
        private_folder(self.folder)
        port = keep_ports(self._ports, ["aws"])["aws"]
        command = [sys.executable, "-m", "hedgehog_pipeline.sandbox.moto_server", str(port)]
        access_key, _ = self._keys()
        self._process.start(command, self._answers, environ={**os.environ, ACCESS_KEY: access_key})
        return self

    def stop(self) -> None:
        """Stop the server and lose its data."""
        self._process.stop()

    def seed(self, secrets: Mapping[str, str], *, log_group: str, topic: str) -> None:
        """Create or update the secrets, and create the log group and the topic if missing.

        Args:
            secrets: the value of each secret by its name.
        """
        arguments = client_arguments(self.endpoint, *self._keys())
        client = boto3.client("secretsmanager", **arguments)
        known = {secret.get("Name") for secret in client.list_secrets()["SecretList"]}
        for name, value in secrets.items():
            if name in known:
                client.put_secret_value(SecretId=name, SecretString=value)
            else:
                client.create_secret(Name=name, SecretString=value)
        logs = boto3.client("logs", **arguments)
        if not logs.describe_log_groups(logGroupNamePrefix=log_group)["logGroups"]:
            logs.create_log_group(logGroupName=log_group)
        boto3.client("sns", **arguments).create_topic(Name=topic)

    def _answers(self) -> bool:
        access_key, _ = self._keys()
        signed = f"Credential={access_key}/"
        url = f"{self.endpoint}/moto-api/data.json"
        return fetch_json(url, Authorization=signed) is not None


def topic_arn(topic: str) -> str:
    """Return the ARN of a topic in the emulator."""
    return f"arn:aws:sns:{REGION}:{_ACCOUNT}:{topic}"


def rds_secret(dsn: str) -> str:
    """Return a connection string as the JSON that RDS stores in Secrets Manager."""
    parts = conninfo_to_dict(dsn)
    return json.dumps(
        {
            "engine": "postgres",
            "host": parts["host"],
            "port": int(parts["port"] or 5432),
            "username": parts["user"],
            "password": parts["password"],
            "dbname": parts["dbname"],
        }
    )
