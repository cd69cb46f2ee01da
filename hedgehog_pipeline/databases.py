"""Connections to PostgreSQL with credentials from Secrets Manager."""

from typing import TYPE_CHECKING, Any

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from psycopg import Connection
from pydantic import BaseModel, SecretStr, ValidationError

from hedgehog_pipeline.errors import HedgehogError, UnreachableError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
else:
    SecretsManagerClient = Any

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Credentials(BaseModel):
    """A database's secret in the JSON form that RDS writes; the password shows in no repr."""

    host: str
    port: int = 5432
    username: str
    password: SecretStr
    dbname: str

    @property
    def local(self) -> bool:
        """Whether the server is on this machine: loopback, or a folder that holds a socket."""
        return self.host in _LOOPBACK or self.host.startswith("/")


def read_credentials(client: SecretsManagerClient, secret: str) -> Credentials:
    """Read a database's credentials.

    Raises:
        HedgehogError: where the secret is not there or is not in RDS's form; its content is
            never told.
    """
    try:
        text = client.get_secret_value(SecretId=secret).get("SecretString", "")
    except client.exceptions.ResourceNotFoundException as error:
        raise HedgehogError(
            f"There is no secret {secret!r} in Secrets Manager; create it, or name another one in "
            "HEDGEHOG_SOURCE_SECRET or HEDGEHOG_WAREHOUSE_SECRET."
        ) from error
    except (ClientError, BotoCoreError) as error:
        raise HedgehogError(
            f"Secrets Manager could not give the secret {secret!r}: {error} "
            "Check AWS_ENDPOINT_URL, the region, the credentials and their rights."
        ) from error
    try:
        return Credentials.model_validate_json(text)
    except ValidationError as error:
        places = sorted({".".join(map(str, fault["loc"])) or "JSON" for fault in error.errors()})
        raise HedgehogError(
            f"The secret {secret!r} is not in the form that RDS writes (host, port, username, "
            f"password, dbname): look at {', '.join(places)}."
        ) from None


def connect(credentials: Credentials, *, role: str, ca: str | None) -> Connection:
    """Open a connection, verified by TLS unless the server is on this machine.

    Args:
        credentials: where and as whom.
        role: what the database is to us, for messages and for `application_name`.
        ca: file of the CA certificates, None for those of the system (libpq's `sslrootcert`).

    Raises:
        UnreachableError: where no connection comes about.
    """
    try:
        return psycopg.connect(
            host=credentials.host,
            port=credentials.port,
            user=credentials.username,
            password=credentials.password.get_secret_value(),
            dbname=credentials.dbname,
            application_name=f"hedgehog {role}",
            client_encoding="utf8",
            connect_timeout=10,
            sslmode="prefer" if credentials.local else "verify-full",
            sslrootcert=ca or (None if credentials.local else "system"),
        )
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise UnreachableError(
            f"The {role} database {credentials.dbname} at {credentials.host}:{credentials.port} "
            f"cannot be reached as {credentials.username}: {reason}. Check its secret, and that "
            "the server runs."
        ) from None
