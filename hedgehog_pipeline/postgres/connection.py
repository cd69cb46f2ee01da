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
"""Seconds for which a server may say nothing while it is asked.

More than the largest statement takes, and than a loader waits for another one.
"""

_VANISHED: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A machine that is gone, or a path to it that is cut, is noticed within a minute."""

_SETTLED = (
    "statement_timeout = 0",
    "lock_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
    "quote_all_identifiers = off",
)

_TRANSACTION_TIMEOUT = 170000
"""The version that has this setting."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _no_connection(name: str) -> str:
    """Refuse the text of a whole connection: host, user and database stand in messages."""
    if "://" in name or "=" in name or (":" in name and "@" in name):
        raise ValueError("it holds a whole connection")
    return name


def _no_login(name: str) -> str:
    if "@" in name:
        raise ValueError("it holds a login")
    return name


_User = Annotated[str, AfterValidator(_no_connection)]
_Place = Annotated[_User, AfterValidator(_no_login)]


class Credentials(BaseModel):
    """A database's secret in the JSON form that RDS writes; the password shows in no repr."""

    host: _Place
    port: int = 5432
    username: _User
    password: SecretStr
    dbname: _Place

    @property
    def local(self) -> bool:
        """Whether the server is on this machine: loopback, or a folder that holds a socket."""
        return self.host in _LOOPBACK or self.host.startswith("/")


_SECRET = TypeAdapter(dict[str, Any])
_NAME = re.compile(r"(arn:[\w:-]+:secret:)?(?!.*password=)[\w/+=.@-]+", re.IGNORECASE)
"""The ARN of a secret, or its name, which has no colon; no connection, and no secret itself."""


def read_credentials(
    secret: str, address: str | None = None, *, role: Literal["source", "warehouse"]
) -> Credentials:
    """Read a database's credentials from Secrets Manager.

    Args:
        secret: its name.
        address: `host:port/dbname`, for what the secret leaves out: one that RDS manages holds
            user name and password alone.
        role: what the database is to us, by which the settings call it.

    Raises:
        HedgehogError: where the secret is not there or is not in RDS's form; its content is
            never told.
    """
    setting = f"HEDGEHOG_{role.upper()}"
    if not _NAME.fullmatch(secret):
        raise HedgehogError(
            f"{setting}_SECRET is no name of a secret. Put what it says into Secrets Manager, and "
            "set it to the secret's name or ARN."
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
            f"Secrets Manager could not give the secret {secret!r}: {error} "
            "Check AWS_ENDPOINT_URL, the region, the credentials and their rights."
        ) from error
    try:
        return Credentials.model_validate(_parts(address) | _SECRET.validate_json(text))
    except ValidationError as error:
        places = sorted({".".join(map(str, fault["loc"])) or "JSON" for fault in error.errors()})
        raise HedgehogError(
            f"The secret {secret!r} is not in the form that RDS writes (host, port, username, "
            f"password, dbname; a plain name each, no URL): look at {', '.join(places)}. One that "
            f"RDS manages holds user name and password alone: {setting}_ADDRESS "
            "(host:port/dbname) says the rest."
        ) from None


def _parts(address: str | None) -> dict[str, str]:
    server, _, dbname = (address or "").partition("/")
    host, _, port = server.partition(":")
    return {
        name: part for name, part in {"host": host, "port": port, "dbname": dbname}.items() if part
    }


class _SilentError(psycopg.OperationalError):
    """A server that is there and does not answer."""


class _Polled(Connection[TupleRow]):
    """A connection that is closed when its server has said nothing for too long."""

    def wait(self, gen: PQGen[Any], *arguments: Any, **options: Any) -> Any:
        """Go through a dialogue with the server; most rows of a COPY are there already."""
        try:
            awaited = next(gen)
        except StopIteration as end:
            return end.value
        try:
            return super().wait(_answered(gen, awaited), *arguments, **options)
        except _SilentError:
            self.close()
            raise


def _answered(dialogue: PQGen[Any], awaited: Any) -> Generator[Any, Any, Any]:
    """Hand a dialogue on, which hears of the server when it is `ready`, or ten times a second."""
    heard = monotonic()
    try:
        while True:
            ready = yield awaited
            if ready:
                heard = monotonic()
            elif monotonic() - heard > SILENCE_SECONDS:
                raise _SilentError(f"it has said nothing for {SILENCE_SECONDS:.0f} seconds")
            awaited = dialogue.send(ready)
    except StopIteration as end:
        return end.value


def settle(connection: Connection) -> None:
    """Let the statements of a transaction mean the same whatever the role's settings say.

    What is asked takes as long as it takes, a load waits for another one and for the lake, and the
    catalog writes types as it does for everybody. SET takes no snapshot, as a SELECT would.
    """
    settings: list[str] = list(_SETTLED)
    if connection.info.server_version >= _TRANSACTION_TIMEOUT:
        settings.append("transaction_timeout = 0")
    connection.execute("; ".join(f"set local {setting}" for setting in settings).encode())


@contextmanager
def settled(connection: Connection) -> Generator[None, None, None]:
    """Open a transaction, or go on in the one that is open, whose statements are settled."""
    with connection.transaction():
        settle(connection)
        yield


def is_outage(error: BaseException) -> bool:
    """Tell whether a server or the machine is the cause of an error, and not what was worked on."""
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
"""What nobody answered. Dagster's own database speaks through SQLAlchemy."""

_OUTAGES_OF_POSTGRESQL = ("08", "28", "53", "57P", "58", "42501")
"""SQLSTATEs: no connection, no login, no resources, ended by a person, a system's error, no right.
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
    """Give what PostgreSQL or libpq says first, without its hints."""
    said = str(error).strip() or type(error).__name__
    reason = error.diag.message_primary or said.splitlines()[0]
    if isinstance(error, psycopg.errors.QueryCanceled):
        return f"{reason} (where a statement_timeout of the role did it, set that to 0)"
    return reason


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
        return _Polled.connect(
            host=credentials.host,
            port=credentials.port,
            user=credentials.username,
            password=credentials.password.get_secret_value(),
            dbname=credentials.dbname,
            application_name=f"hedgehog {role}",
            client_encoding="utf8",
            connect_timeout=10,
            prepare_threshold=None,  # a pooler may give each transaction another session
            **_VANISHED,
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
