"""An object of the lake is written once and never overwritten."""

from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse, HeadersDict

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.batch import Batch
from hedgehog_pipeline.lake.bucket import Bucket


def test_the_first_writer_of_a_key_wins(bucket: Bucket) -> None:
    assert bucket.create("a", b"first")
    assert not bucket.create("a", b"second")
    assert bucket.read("a") == b"first"


def test_an_existing_object_is_distinguished_from_a_missing_one(bucket: Bucket) -> None:
    bucket.create("a", b"")
    (listed,) = bucket.objects("a")
    assert (bucket.etag_of("a"), bucket.etag_of("b")) == (listed.etag, None)
    assert (bucket.find("a"), bucket.find("b")) == (b"", None)


def test_a_listing_goes_beyond_its_first_page(bucket: Bucket) -> None:
    for key in ("a/1", "a/2", "a/3", "a/4", "a/5", "b/1"):
        bucket.create(key, b"")
    bucket.client.meta.events.register(
        "provide-client-params.s3.ListObjectsV2", lambda params, **_: {**params, "MaxKeys": 2}
    )
    assert [found.key for found in bucket.objects("a/")] == ["a/1", "a/2", "a/3", "a/4", "a/5"]


def test_the_error_for_a_missing_object_has_its_key(bucket: Bucket) -> None:
    with pytest.raises(HedgehogError, match=f"a/b.csv is missing from the bucket {bucket.name}"):
        bucket.read("a/b.csv")


def test_a_store_without_conditional_writes_has_its_own_error(
    bucket: Bucket,
) -> None:
    def answer(**_request: Any) -> AWSResponse:
        body = b"<Error><Code>NotImplemented</Code><Message>A header is not.</Message></Error>"
        return AWSResponse("", 501, HeadersDict(), _Body(body))

    bucket.client.meta.events.register("before-send.s3.PutObject", answer)
    with pytest.raises(HedgehogError, match="answers 501 to If-None-Match") as refused:
        bucket.create("a", b"")
    assert "credentials" not in str(refused.value)


class _Body(BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


@pytest.mark.parametrize(
    "use",
    [
        lambda bucket: bucket.create("a", b""),
        lambda bucket: bucket.find("a"),
        lambda bucket: bucket.read("a"),
        lambda bucket: list(bucket.objects("a")),
    ],
)
def test_the_error_for_a_missing_bucket_has_its_name(
    bucket: Bucket, use: Callable[[Bucket], Any]
) -> None:
    with pytest.raises(HedgehogError, match="There is no bucket nowhere; create it"):
        use(Bucket(bucket.client, "nowhere"))


def test_the_parts_of_a_batch_have_keys_of_their_own(bucket: Bucket) -> None:
    batch = Batch("20260601T093000Z-ab", date(2026, 6, 1), bucket, "csv")
    for asset in ("oltp/staff", "oltp/staff", "oltp/design"):
        batch.write(asset, "rows", b"text", rows=3, columns=("a", "b"))
    assert [part.key for part in batch.parts] == [
        "oltp/staff/2026-06-01/20260601T093000Z-ab-0.csv",
        "oltp/staff/2026-06-01/20260601T093000Z-ab-1.csv",
        "oltp/design/2026-06-01/20260601T093000Z-ab-0.csv",
    ]
    assert [part.bytes for part in batch.parts] == [4, 4, 4]


def test_a_part_of_another_writer_is_not_mistaken_for_our_own(bucket: Bucket) -> None:
    bucket.create("oltp/staff/2026-06-01/one-0.csv", b"theirs")
    with pytest.raises(HedgehogError, match="written by another writer"):
        Batch("one", date(2026, 6, 1), bucket, "csv").write(
            "oltp/staff", "rows", b"ours", rows=1, columns=()
        )
