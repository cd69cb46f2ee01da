"""Commits survive a round trip through JSON."""

import json
import zlib
from base64 import b64decode, b64encode
from datetime import date, datetime, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hedgehog_pipeline.lake.commits import IngestionCommit, Ranges, Watermark

_TIME = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
_SNAPSHOTS = st.sampled_from(["5:5:", "5:900:5", "7:900:7,9"])
_RANGES = st.lists(st.integers(9, 99), max_size=6, unique=True).map(
    lambda edges: tuple(pairwise(sorted(edges)))[::2]
)


def _commit(watermarks: dict[str, tuple[str, Ranges]]) -> IngestionCommit:
    return IngestionCommit(
        log="a-log",
        number=1,
        previous=None,
        batch="batch-1",
        date=date(2026, 11, 22),
        kind="increment",
        captured_at=_TIME,
        source="1/1/1",
        base={
            name: Watermark(snapshot=snapshot, seen=seen, captured_at=_TIME, commit=1)
            for name, (snapshot, seen) in watermarks.items()
        },
    )


@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(_SNAPSHOTS, _RANGES)))
def test_each_watermark_keeps_its_ranges(watermarks: dict[str, tuple[str, Ranges]]):
    commit = _commit(watermarks)
    assert IngestionCommit.model_validate_json(commit.model_dump_json()) == commit


def test_the_ranges_of_a_snapshot_are_written_once():
    seen = ((7, 9), (12, 12))
    written = json.loads(_commit(dict.fromkeys("abc", ("5:20:5", seen))).model_dump_json())
    assert list(written["seen"]) == ["5:20:5"]
    assert zlib.decompress(b64decode(written["seen"]["5:20:5"])) == b"7 3 2 1"
    assert not any("seen" in watermark for watermark in written["base"].values())
    assert written["format"] == 2


def test_every_other_id_of_a_million_takes_a_few_kilobytes():
    seen = tuple((number, number) for number in range(2**40, 2**40 + 10**6, 2))
    assert len(_commit({"a": ("5:20:5", seen)}).model_dump_json()) < 5_000


def _packed(text: bytes) -> str:
    return b64encode(zlib.compress(text)).decode()


@pytest.mark.parametrize(
    "seen", [{"5:20:5": "7-9"}, {"5:20:5": _packed(b"7")}, {"5:20:5": _packed(b"a 1")}, 5]
)
def test_an_invalid_range_is_refused(seen: object):
    commit = json.loads(_commit({"a": ("5:20:5", ((7, 9),))}).model_dump_json())
    with pytest.raises(ValidationError):
        IngestionCommit.model_validate_json(json.dumps({**commit, "seen": seen}))


@pytest.mark.parametrize("seen", ["7-9", [7], [[7, 8, 9]], [["a", 8]]])
def test_an_invalid_range_in_format_1_is_refused(seen: object):
    commit = json.loads(_commit({"a": ("5:20:5", ())}).model_dump_json())
    commit["base"]["a"]["seen"] = seen
    with pytest.raises(ValidationError):
        IngestionCommit.model_validate_json(json.dumps({**commit, "format": 1}))
