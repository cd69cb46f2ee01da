"""A stand-in for AWS: Secrets Manager, SSM, CloudWatch Logs, SNS, by moto.

It forgets everything when it stops, so what the platform expects to find there is put there anew
at each start. For quick tests it can stand in for S3 as well.
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

# The account that moto plays.
_ACCOUNT = "123456789012"


class AwsServer:
    """The stand-in as a server of its own, on the loopback address.

    It answers to who signs with its access key alone: it holds the passwords of the databases.
    """

    def __init__(self, folder: Path, keys: Callable[[], tuple[str, str]]) -> None:
        """Nothing is made or started yet.

        Args:
            folder: of the server.
            keys: gives the access key and the secret key.
        """
        self.folder = folder.resolve()
        self._ports = self.folder / "ports.json"
        self._keys = keys
        self._process = ServerProcess("moto", self.folder)

    def __repr__(self) -> str:
        """Where it is."""
        return f"AwsServer({str(self.folder)!r})"

    @property
    def running(self) -> bool:
        """Whether this folder's server runs."""
        return self._process.running

    @property
    def endpoint(self) -> str:
        """The URL of the last start."""
        return f"http://{LOOPBACK}:{last_port(self._ports, 'aws')}"

    def start(self) -> "AwsServer":
        """Start the server, empty, where it is not running; it answers when this returns."""
        if self.running:
            return self
        private_folder(self.folder)
        port = keep_ports(self._ports, ["aws"])["aws"]
        command = [sys.executable, "-m", "hedgehog_pipeline.sandbox.moto_server", str(port)]
        access_key, _ = self._keys()
        self._process.start(command, self._answers, environ={**os.environ, ACCESS_KEY: access_key})
        return self

    def stop(self) -> None:
        """Stop the server, which forgets everything."""
        self._process.stop()

    def seed(self, secrets: Mapping[str, str], *, log_group: str, topic: str) -> None:
        """Put the secrets (by name), a log group and a topic there; nothing is there twice."""
        arguments = client_arguments(self.endpoint, *self._keys())
        vault = boto3.client("secretsmanager", **arguments)
        known = {secret.get("Name") for secret in vault.list_secrets()["SecretList"]}
        for name, value in secrets.items():
            if name in known:
                vault.put_secret_value(SecretId=name, SecretString=value)
            else:
                vault.create_secret(Name=name, SecretString=value)
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
    """The name in full that a topic has here."""
    return f"arn:aws:sns:{REGION}:{_ACCOUNT}:{topic}"


def rds_secret(dsn: str) -> str:
    """A connection string in the form in which RDS keeps it in Secrets Manager."""
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
