"""Upload inbox files, and read what was quarantined of them."""

from hedgehog_pipeline.lake.commits import IngestionCommit
from hedgehog_pipeline_tests.support.world import Rows, World

_NOW = "2026-06-01 09:30:00.123"
STAMPS = f"{_NOW},{_NOW}"
CURRENCIES = "currency_id,currency_code,created_at,last_updated"


def put(world: World, key: str, *lines: str | bytes) -> str:
    """Upload a file, with a newline after each line."""
    body = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    return put_bytes(world, key, body)


def put_bytes(world: World, key: str, body: bytes) -> str:
    world.s3.put_object(Bucket=world.settings.ingestion_bucket, Key=key, Body=body)
    return key


def currency(key: int, code: str) -> str:
    return f"{key},{code},{STAMPS}"


def codes(world: World, *keys: int) -> list[str]:
    found = world.query(
        "select currency_code from dim_currency where currency_id = any(%s) order by currency_id",
        [list(keys)],
    )
    return [code for (code,) in found]


def entries_of(world: World, part: str) -> Rows:
    """Return the open quarantine entries of a file: key, line, column and reason."""
    return world.query(
        "select key, line, column_name, reason from hedgehog.open_quarantine where part = %s "
        "order by line",
        [part],
    )


def reason_given(world: World, part: str) -> str:
    """Return the reason of the only entry of a file, which is about the whole file."""
    ((key, line, column, reason),) = entries_of(world, part)
    assert (key, line, column) == ("", 0, "")
    return reason


def head_of(world: World) -> IngestionCommit:
    head = world.deployment.lake.ingestion.head()
    assert head is not None
    return head
