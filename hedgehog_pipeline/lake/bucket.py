"""An S3 bucket. Its objects are written once, except inbox files and the report page."""

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
"""What to do about an object that is missing or altered; ends an error message."""

_BYTES = "binary/octet-stream"
"""The content type that S3 assumes anyway; without one, SeaweedFS compresses the object, slowly."""


@dataclass(frozen=True)
class StoredObject:
    """An object as a listing returns it.

    Attributes:
        etag: changes with the content of the key.
        modified: time of the upload, aware UTC.
    """

    key: str
    etag: str
    modified: datetime


@dataclass(frozen=True)
class ObjectInfo:
    """The metadata of an object.

    Attributes:
        metadata: the writer's own key-value pairs.
        modified: time of the upload, aware UTC.
    """

    metadata: Mapping[str, str]
    modified: datetime


@dataclass(frozen=True)
class Bucket:
    """A bucket, its name and the S3 client that reaches it."""

    client: S3Client
    name: str

    def create(self, key: str, body: bytes) -> bool:
        """Write an object unless its key exists; return whether it was written.

        The SDK repeats a request when the response was lost, so False may also mean that an earlier
        attempt of this very call wrote the object: the caller has to compare the content.
        409 (two conditional writes at the same time) is retried, as S3's documentation of
        conditional writes demands.
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
                        f"The S3 store of the bucket {self.name} answers 501 to If-None-Match. "
                        f"Hedgehog needs it to create {key!r} only once: without it two writers "
                        "overwrite each other. Use a store that supports it, as AWS S3 does."
                    ) from error
                if _status(error) != 409 or attempt == _CONFLICTS - 1:  # noqa: PLR2004 (Conflict)
                    raise self._error(error, "write", key) from error
            except BotoCoreError as error:
                raise self._error(error, "write", key) from error
            else:
                return True
        return False

    def replace(
        self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        """Write an object, replacing the one that has its key.

        Args:
            key: of an object that people read and no stage reads.
            content_type: its MIME type, for browsers.
            metadata: what `object_info` returns for it later.
        """
        try:
            self.client.put_object(
                Bucket=self.name, Key=key, Body=body, ContentType=content_type, Metadata=metadata
            )
        except (ClientError, BotoCoreError) as error:
            raise self._error(error, "write", key) from error

    def find(self, key: str) -> bytes | None:
        """Read a whole object; None if the key does not exist."""
        try:
            return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as error:
            if _code(error) == "NoSuchKey":
                return None
            raise self._error(error, "read", key) from error
        except BotoCoreError as error:
            raise self._error(error, "read", key) from error

    def read(self, key: str) -> bytes:
        """Read a whole object that has to exist.

        Raises:
            HedgehogError: if the key does not exist: a commit names it, so it was deleted.
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
        """Open an object that another writer may replace; yields its `read(size)` function.

        Raises:
            HedgehogError: if it was deleted or replaced since it was listed.
        """
        try:
            response = self.client.get_object(Bucket=self.name, Key=found.key)
            with closing(response["Body"]) as body:
                if _etag(response) != found.etag:
                    raise HedgehogError(
                        f"The object {found.key} in the bucket {self.name} was replaced while it "
                        "was read. Nothing was committed; run again."
                    )
                yield body.read
        except (ClientError, BotoCoreError) as error:
            raise self._error(error, "read", found.key) from error

    def etag_of(self, key: str) -> str | None:
        """Return the ETag of an object, None if the key does not exist."""
        head = self._head(key)
        return _etag(head) if head else None

    def object_info(self, key: str) -> ObjectInfo | None:
        """Return the metadata of an object, None if the key does not exist."""
        head = self._head(key)
        return ObjectInfo(head["Metadata"], head["LastModified"]) if head else None

    def _head(self, key: str) -> Mapping[str, Any] | None:
        try:
            return self.client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if _code(error) == "404":
                return None
            raise self._error(error, "look for", key) from error
        except BotoCoreError as error:
            raise self._error(error, "look for", key) from error

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List the objects under a prefix in key order, only those after the key `after`."""
        pages = self.client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.name, Prefix=prefix, StartAfter=after):
                items: list[Any] = page.get("Contents", [])  # the stub declares each field optional
                for item in items:
                    yield StoredObject(item["Key"], _etag(item), item["LastModified"])
        except (ClientError, BotoCoreError) as error:
            raise self._error(error, "list", prefix) from error

    def _error(self, error: Exception, verb: str, key: str) -> HedgehogError:
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


def _etag(response: Mapping[str, Any]) -> str:
    return response["ETag"].strip('"')


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
