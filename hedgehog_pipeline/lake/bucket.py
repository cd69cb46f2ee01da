"""An S3 bucket whose objects are written once, but for those that others bring and the report."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from hedgehog_pipeline.errors import HedgehogError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
else:
    S3Client = Any

_CONFLICTS = 5

RESTORE = "Restore it from the bucket's versions or from a backup; see docs/operations.md."
"""What to do about an object that is missing or altered, a sentence."""

_BYTES = "binary/octet-stream"
"""What S3 takes an object for where nothing is said; SeaweedFS would then compress it, slowly."""


@dataclass(frozen=True)
class StoredObject:
    """An object as a listing tells of it.

    Attributes:
        key: its key.
        etag: tells one content of the key from another.
        modified: when it was put, aware UTC.
    """

    key: str
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Described:
    """What an object tells beside its content.

    Attributes:
        metadata: what its writer said of it.
        modified: when it was put, aware UTC.
    """

    metadata: Mapping[str, str]
    modified: datetime


@dataclass(frozen=True)
class Bucket:
    """A bucket by its name, through an S3 client that honours the AWS SDK's environment."""

    client: S3Client
    name: str

    def create(self, key: str, body: bytes) -> bool:
        """Write an object that is not there yet; say False, and write nothing, where it is.

        The SDK repeats a request whose answer was lost, so False may also mean that an earlier
        try of this very call has written the object: the caller tells the two apart by content.
        409 (two conditional writes at the same time) is answered with another try, as S3's
        documentation of conditional writes asks.
        """
        for attempt in range(_CONFLICTS):
            try:
                self.client.put_object(
                    Bucket=self.name, Key=key, Body=body, ContentType=_BYTES, IfNoneMatch="*"
                )
            except ClientError as error:  # noqa: PERF203 (a request outweighs it by far)
                if _status(error) == 412:  # noqa: PLR2004 (Precondition Failed)
                    return False
                if _status(error) == 501:  # noqa: PLR2004 (Not Implemented)
                    raise HedgehogError(
                        f"The store of the bucket {self.name} answers 501 to If-None-Match, by "
                        f"which {key!r} is created once. Without that two writers write over each "
                        "other: use a store that has it, as AWS has."
                    ) from error
                if _status(error) != 409 or attempt == _CONFLICTS - 1:  # noqa: PLR2004 (Conflict)
                    raise self._explained(error, "write", key) from error
            except BotoCoreError as error:
                raise self._explained(error, "write", key) from error
            else:
                return True
        return False

    def replace(
        self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        """Write an object, in the place of another where there is one.

        Args:
            key: of an object that is for people, and that nothing is made of.
            body: its content.
            content_type: what a browser takes it for.
            metadata: what `column_metadata` tells of it.
        """
        try:
            self.client.put_object(
                Bucket=self.name, Key=key, Body=body, ContentType=content_type, Metadata=metadata
            )
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "write", key) from error

    def find(self, key: str) -> bytes | None:
        """Read an object whole, or say None where there is none."""
        try:
            return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as error:
            if _code(error) == "NoSuchKey":
                return None
            raise self._explained(error, "read", key) from error
        except BotoCoreError as error:
            raise self._explained(error, "read", key) from error

    def read(self, key: str) -> bytes:
        """Read an object whole.

        Raises:
            HedgehogError: where there is none: a commit names it, so somebody removed it.
        """
        body = self.find(key)
        if body is None:
            raise HedgehogError(
                f"The object {key} is missing from the bucket {self.name} although a commit "
                f"names it. {RESTORE}"
            )
        return body

    @contextmanager
    def open(self, found: StoredObject) -> Generator[Callable[[int], bytes], None, None]:
        """Read an object that somebody else may replace, so many bytes at a time.

        Raises:
            HedgehogError: where it is gone or another one stands there.
        """
        try:
            answer = self.client.get_object(Bucket=self.name, Key=found.key)
            with closing(answer["Body"]) as body:
                if _etag(answer) != found.etag:
                    raise HedgehogError(
                        f"The object {found.key} in the bucket {self.name} was replaced while it "
                        "was read. Nothing was committed; run again."
                    )
                yield body.read
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "read", found.key) from error

    def etag_of(self, key: str) -> str | None:
        """Give the ETag of an object, None where there is none."""
        head = self._head(key)
        return _etag(head) if head else None

    def column_metadata(self, key: str) -> Described | None:
        """Give what an object tells beside its content, None where there is none."""
        head = self._head(key)
        return Described(head["Metadata"], head["LastModified"]) if head else None

    def _head(self, key: str) -> Mapping[str, Any] | None:
        try:
            return self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if _code(error) == "404":
                return None
            raise self._explained(error, "look for", key) from error
        except BotoCoreError as error:
            raise self._explained(error, "look for", key) from error

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List the objects under a prefix, in the order of their keys, those after a key alone."""
        pages = self.client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.name, Prefix=prefix, StartAfter=after):
                items: list[Any] = page.get("Contents", [])  # their stub calls each field optional
                for item in items:
                    yield StoredObject(item["Key"], _etag(item), item["LastModified"])
        except (ClientError, BotoCoreError) as error:
            raise self._explained(error, "list", prefix) from error

    def _explained(self, error: Exception, verb: str, key: str) -> HedgehogError:
        if isinstance(error, ClientError) and _code(error) == "NoSuchBucket":
            return HedgehogError(
                f"There is no bucket {self.name}; create it, or name another one in "
                "HEDGEHOG_INGESTION_BUCKET or HEDGEHOG_PROCESSED_BUCKET."
            )
        return HedgehogError(
            f"S3 could not {verb} {key!r} in the bucket {self.name}: {error} "
            "Check AWS_ENDPOINT_URL_S3, the credentials and their rights."
        )


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _etag(told: Mapping[str, Any]) -> str:
    return told["ETag"].strip('"')


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
