"""Connections to PostgreSQL with credentials from Secrets Manager."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import Annotated, Any, Literal

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from pydantic import AfterValidator, BaseModel, SecretStr, TypeAdapter, ValidationError

from hedgehog_pipeline.aws import clients as aws
from hedgehog_pipeline.errors import HedgehogError, UnreachableError, causes

SILENCE_SECONDS = 3600.0
"""How many seconds a statement may run without any message from the server.

Longer than the largest statement takes, and than a load waits for another load.
"""

_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server machine that is down, or a network path that is cut, is noticed within a minute."""

_SETTINGS = (
    "statement_timeout = 0",
    "lock_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
    "quote_all_identifiers = off",
    "extra_float_digits = 1",
    "bytea_output = hex",
    "intervalstyle = postgres",
)

_TRANSACTION_TIMEOUT = 170000
"""The PostgreSQL version that introduced this setting."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _no_connection(name: str) -> str:
    """Refuse a whole connection string: host, user and database are shown in messages."""
    if "://" in name or "=" in name or (":" in name and "@" in name):
        raise ValueError("it contains a whole connection string")
    return name


def _no_login(name: str) -> str:
    if "@" in name:
        raise ValueError("it contains a login")
    return name


_User = Annotated[str, AfterValidator(_no_connection)]
_PlainName = Annotated[_User, AfterValidator(_no_login)]


class Credentials(BaseModel):
    """A database's secret in the JSON form that RDS writes; repr does not show the password."""

    host: _PlainName
    port: int = 5432
    username: _User
    password: SecretStr
    dbname: _PlainName

    @property
    def local(self) -> bool:
        """Whether the server is on this machine: a loopback address, or the folder of a socket."""
        return self.host in _LOOPBACK or self.host.startswith("/")


_SECRET = TypeAdapter(dict[str, Any])
_SECRET_NAME = re.compile(r"(arn:[\w:-]+:secret:)?(?!.*password=)[\w/+=.@-]+", re.IGNORECASE)
"""The ARN of a secret, or its name (no colon). Refuses connection strings and passwords."""


def read_credentials(
    secret: str, address: str | None = None, *, role: Literal["source", "warehouse"]
) -> Credentials:
    """Read a database's credentials from Secrets Manager.

    Args:
        secret: the name or ARN of the secret.
        address: `host:port/dbname`, for what the secret leaves out: a secret that RDS manages has
            only the user name and the password.
        role: which database it is, as the settings name it.

    Raises:
        HedgehogError: if the secret does not exist or is not in RDS's form; the message never
            shows its content.
    """
    setting = f"HEDGEHOG_{role.upper()}"
    if not _SECRET_NAME.fullmatch(secret):
        raise HedgehogError(
            f"{setting}_SECRET is not the name of a secret. Store its value in Secrets Manager and "
            "set the variable to the secret's name or ARN."
        )
    client = aws.client("secretsmanager")
    try:
        text = client.get_secret_value(SecretId=secret).get("SecretString", "")
    except client.exceptions.ResourceNotFoundException as error:
        raise HedgehogError(
            f"There is no secret {secret!r} in Secrets Manager; create it, or name another one in "
            f"{setting}_SECRET."
        ) from error
    except (ClientError, BotoCoreError) as error:
        raise HedgehogError(
            f"Secrets Manager could not return the secret {secret!r}: {error} "
            "Check AWS_ENDPOINT_URL, the region, the credentials and their rights."
        ) from error
    try:
        return Credentials.model_validate(_parts(address) | _SECRET.validate_json(text))
    except ValidationError as error:
        fields = sorted({".".join(map(str, fault["loc"])) or "JSON" for fault in error.errors()})
        raise HedgehogError(
            f"The secret {secret!r} is not in the form that RDS writes (host, port, username, "
            f"password, dbname; each a plain name, no URL): check {', '.join(fields)}. A secret "
            f"that RDS manages has only the user name and the password: set {setting}_ADDRESS "
            "(host:port/dbname) for the rest."
        ) from None


def _parts(address: str | None) -> dict[str, str]:
    server, _, dbname = (address or "").partition("/")
    host, _, port = server.partition(":")
    return {
        name: part for name, part in {"host": host, "port": port, "dbname": dbname}.items() if part
    }


class _SilentError(psycopg.OperationalError):
    """A server that is connected and does not answer."""


class _Polled(Connection[TupleRow]):
    """A connection that closes itself when its server has not answered for too long."""

    def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Run a protocol exchange with the server; most rows of a COPY need no wait."""
        try:
            awaited = next(gen)
        except StopIteration as end:
            return end.value
        try:
            return super().wait(_watched(gen, awaited), *arguments, **options)
        except _SilentError:
            self.close()
            raise


def _watched(exchange: PQGen[Any], awaited: Any) -> Generator[Any, Any, Any]:
    """Pass an exchange on; raise if the server is silent. psycopg resumes it ten times a second."""
    heard = monotonic()
    try:
        while True:
            ready = yield awaited
            if ready:
                heard = monotonic()
            elif monotonic() - heard > SILENCE_SECONDS:
                raise _SilentError(f"it has not answered for {SILENCE_SECONDS:.0f} seconds")
            awaited = exchange.send(ready)
    except StopIteration as end:
        return end.value


def pin_settings(connection: Connection) -> None:
    """Set what a role's own settings could change, for the rest of the transaction.

    No timeout ends a statement, a load may wait for another load and for the lake, the catalog
    writes types without quotes, and a value has one text: all digits of a floating-point number.
    SET takes no snapshot, as a SELECT would.
    """
    settings: list[str] = list(_SETTINGS)
    if connection.info.server_version >= _TRANSACTION_TIMEOUT:
        settings.append("transaction_timeout = 0")
    connection.execute("; ".join(f"set local {setting}" for setting in settings).encode())


@contextmanager
def pinned_transaction(connection: Connection) -> Generator[None, None, None]:
    """Open a transaction, or continue the open one, with the settings of `pin_settings`."""
    with connection.transaction():
        pin_settings(connection)
        yield


def is_outage(error: BaseException) -> bool:
    """Return whether a server or the machine caused an error, and not the data."""
    return any(map(_is_outage, causes(error)))


def _is_outage(cause: BaseException) -> bool:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 (Dagster imported it if it raised)

    if isinstance(cause, psycopg.Error) and cause.sqlstate:
        return cause.sqlstate.startswith(_OUTAGES_OF_POSTGRESQL)
    if isinstance(cause, ClientError):
        answer: Any = cause.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or answer.get("Error", {}).get("Code") in _OUTAGES_OF_S3
    if isinstance(cause, OSError) and cause.errno is not None:  # Arrow's of bad Parquet has none
        return True
    return isinstance(cause, (*_OUTAGES, SQLAlchemyError))


_OUTAGES = (
    UnreachableError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    BotoCoreError,
    ConnectionError,
    TimeoutError,
)
"""Errors without an answer. Those of Dagster's own database come from SQLAlchemy."""

_OUTAGES_OF_POSTGRESQL = ("08", "28", "53", "57P", "58", "42501")
"""SQLSTATEs: no connection, no login, no resources, ended by an operator, system error, no right.
"""

_SERVER_ERROR = 500
_OUTAGES_OF_S3 = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "NoSuchBucket",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "SignatureDoesNotMatch",
}


def reason_of(error: psycopg.Error) -> str:
    """Return the first line of an error of PostgreSQL or libpq, without hints."""
    said = str(error).strip() or type(error).__name__
    reason = error.diag.message_primary or said.splitlines()[0]
    if isinstance(error, psycopg.errors.QueryCanceled):
        return f"{reason} (if a statement_timeout of the role caused it, set that to 0)"
    return reason


def connect(credentials: Credentials, *, role: str, ca: str | None) -> Connection:
    """Open a connection, verified by TLS unless the server is on this machine.

    Args:
        credentials: the server, the database and the login.
        role: which database it is, for messages and for `application_name`.
        ca: file of the CA certificates, None for the system's (libpq's `sslrootcert`).

    Raises:
        UnreachableError: if the connection fails.
    """
    try:
        return _Polled.connect(
            host=credentials.host,
            port=credentials.port,
            user=credentials.username,
            password=credentials.password.get_secret_value(),
            dbname=credentials.dbname,
            application_name=f"hedgehog {role}",
            client_encoding="utf8",
            connect_timeout=10,
            prepare_threshold=None,  # a pooler may assign another session to each transaction
            **_KEEPALIVE,
            sslmode="prefer" if credentials.local else "verify-full",
            sslrootcert=ca or (None if credentials.local else "system"),
        )
    except psycopg.OperationalError as error:
        reason = reason_of(error)
        raise UnreachableError(
            f"The {role} database {credentials.dbname} at {credentials.host}:{credentials.port} "
            f"cannot be reached as {credentials.username}: {reason}. Check its secret, and that "
            "the server runs."
        ) from None
