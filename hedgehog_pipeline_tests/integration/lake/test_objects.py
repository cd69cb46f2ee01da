"""The contents of the two buckets, as another S3 client sees them."""

import csv
import io

import pyarrow.parquet as pq
import pytest

from hedgehog_pipeline_tests.support.world import World


@pytest.fixture
def versioned(world: World) -> World:
    """A small shop in the warehouse, through buckets that keep every version of an object."""
    for bucket in _buckets(world):
        world.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    world.load_small()
    world.run()
    world.shop.execute("update address set city = 'York', last_updated = '2026-06-02'")
    world.run()
    world.launch("processing")
    world.launch("storage")
    return world


def test_every_key_was_written_once(versioned: World) -> None:
    for bucket in _buckets(versioned):
        keys = [
            item["Key"] for item in versioned.s3.list_object_versions(Bucket=bucket)["Versions"]
        ]
        assert len(keys) == len(set(keys)) > 10


def test_ingestion_commits_describe_their_batches(versioned: World) -> None:
    bucket = versioned.settings.ingestion_bucket
    first, second = versioned.commits(bucket)
    assert (first["number"], first["kind"], first["previous"]) == (1, "archive", None)
    assert (second["number"], second["kind"], second["previous"]) == (
        2,
        "increment",
        first["batch"],
    )
    assert first["log"] == second["log"]
    assert {part["asset"] for part in second["parts"]} == {"oltp/address"}
    for commit in (first, second):
        for part in commit["parts"]:
            body = versioned.s3.get_object(Bucket=bucket, Key=part["key"])["Body"].read()
            header, *rows = csv.reader(io.StringIO(body.decode()))
            assert (part["columns"], part["rows"], part["bytes"]) == (header, len(rows), len(body))
            assert part["key"].startswith(f"{part['asset']}/{commit['date']}/{commit['batch']}-")


def test_processed_commits_describe_their_batches_and_their_sources(versioned: World) -> None:
    bucket = versioned.settings.processed_bucket
    landed = versioned.commits(versioned.settings.ingestion_bucket)
    commits = versioned.commits(bucket)
    assert [commit["kind"] for commit in commits] == ["processed", "processed", "restatement"]
    assert [commit["through"] for commit in commits] == [1, 2, 2]
    assert commits[2]["sources"] == [[one["number"], one["batch"]] for one in landed]
    assert all(commit["source_log"] == landed[0]["log"] for commit in commits)
    for commit in commits:
        for part in commit["parts"]:
            body = versioned.s3.get_object(Bucket=bucket, Key=part["key"])["Body"].read()
            rows = pq.read_table(io.BytesIO(body))
            assert (part["rows"], part["columns"]) == (rows.num_rows, rows.column_names)


def _buckets(world: World) -> tuple[str, str]:
    return world.settings.ingestion_bucket, world.settings.processed_bucket
