"""Frames of own assets: one object per materialisation; the latest is read."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from dagster import AssetKey, DailyPartitionsDefinition, build_input_context, build_output_context

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.lake.bucket import Bucket
from hedgehog_pipeline.lake.stored_frames import StoredFrames
from hedgehog_pipeline.orchestration.io.frame_types import as_hinted
from hedgehog_pipeline.orchestration.io.own_assets import load_frame, store_frame

_DAYS = DailyPartitionsDefinition("2026-11-01", end_date="2026-11-04")


def test_the_latest_frame_is_read_and_earlier_ones_stay(bucket: Bucket) -> None:
    stored = StoredFrames(bucket, ["marts", "revenue"])
    keys = [stored.write("whole", pa.table({"n": [number]}))[0] for number in range(3)]
    assert stored.read("whole") == pa.table({"n": [2]})
    assert [found.key for found in bucket.objects("assets/marts.revenue/whole/")] == keys[::-1]


def test_a_writer_that_is_overtaken_comes_after_the_other_one(bucket: Bucket) -> None:
    stored = StoredFrames(bucket, ["a"])
    key, _ = stored.write("whole", pa.table({"n": [1]}))
    stale = StoredFrames(_Stale(bucket.client, bucket.name), ["a"])
    later, _ = stale.write("whole", pa.table({"n": [2]}))
    assert later < key
    assert stored.read("whole") == pa.table({"n": [2]})


@pytest.mark.parametrize(
    "paths", [(["a", "b"], ["a.b"]), (["a"], ["a", "whole"]), (["a/b"], ["a", "b"])]
)
def test_no_two_assets_share_a_key(bucket: Bucket, paths: Sequence[list[str]]) -> None:
    for number, path in enumerate(paths):
        StoredFrames(bucket, path).write("whole", pa.table({"n": [number]}))
    for number, path in enumerate(paths):
        assert StoredFrames(bucket, path).read("whole") == pa.table({"n": [number]})


def test_an_asset_of_all_days_gets_the_days_with_rows(bucket: Bucket) -> None:
    for day in ("2026-11-01", "2026-11-03"):
        _store(bucket, pd.DataFrame({"day": [day]}), day)
    assert _load(bucket, None).to_pydict() == {"day": ["2026-11-01", "2026-11-03"]}
    assert _load(bucket, "2026-11-03").to_pydict() == {"day": ["2026-11-03"]}


def test_a_day_without_rows_does_not_affect_column_types(bucket: Bucket) -> None:
    _store(bucket, pd.DataFrame({"day": [], "units": []}), "2026-11-01")
    _store(bucket, pd.DataFrame({"day": ["2026-11-02"], "units": [1]}), "2026-11-02")
    _store(bucket, pd.DataFrame({"day": pd.Series(dtype="str")}), "2026-11-03")
    assert _load(bucket, None).to_pydict() == {"day": ["2026-11-02"], "units": [1]}


def test_days_without_rows_have_the_columns_of_the_last_day(bucket: Bucket) -> None:
    _store(bucket, pd.DataFrame({"day": []}), "2026-11-01")
    _store(bucket, pd.DataFrame({"day": pd.Series(dtype="str")}), "2026-11-02")
    rows = _load(bucket, None)
    assert (rows.num_rows, rows.column_names) == (0, ["day"])


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (["a"], [1.5], "Field units has incompatible types: string vs double"),
        ([2**60 + 1], [1.5], "Integer value 1152921504606846977 not in range"),
    ],
)
def test_days_of_different_types_are_refused_with_the_day_and_the_column(
    bucket: Bucket, first: list[Any], second: list[Any], reason: str
) -> None:
    for day, units in (("2026-11-01", first), ("2026-11-02", first), ("2026-11-03", second)):
        _store(bucket, pd.DataFrame({"units": units}), day)
    with pytest.raises(HedgehogError, match=f"2026-11-03 of marts/mine .*{reason}.* same type"):
        _load(bucket, None)


def test_the_error_for_a_missing_frame_says_what_to_do(bucket: Bucket) -> None:
    with pytest.raises(HedgehogError, match=r"Nothing is stored of marts/mine .* materialise it"):
        _load(bucket, "2026-11-02")


def test_an_index_and_exact_amounts_survive_a_round_trip(bucket: Bucket) -> None:
    amounts = pd.Series([Decimal("1.10"), None], dtype=pd.ArrowDtype(pa.decimal128(10, 2)))
    frame = pd.DataFrame({"month": ["a", "b"], "amount": amounts}).set_index("month")
    _store(bucket, frame, "2026-11-01")
    loaded = as_hinted(_load(bucket, "2026-11-01"), Any, "marts/mine")
    assert loaded.index.tolist() == ["a", "b"]
    assert loaded["amount"].dtype == frame["amount"].dtype
    assert loaded["amount"].iloc[0] == Decimal("1.10")


def test_a_value_that_is_not_a_frame_is_refused(bucket: Bucket) -> None:
    with pytest.raises(HedgehogError, match="marts/mine returned a dict, which"):
        _store(bucket, {"n": 1}, "2026-11-01")


def _store(bucket: Bucket, frame: object, day: str) -> None:
    context = build_output_context(
        asset_key=AssetKey(["marts", "mine"]), partition_key=day, asset_partitions_def=_DAYS
    )
    store_frame(context, frame, bucket)


def _load(bucket: Bucket, day: str | None) -> pa.Table:
    context = build_input_context(
        asset_key=AssetKey(["marts", "mine"]), partition_key=day, asset_partitions_def=_DAYS
    )
    return load_frame(context, bucket)


class _Stale(Bucket):
    """A bucket whose first listing is older than any object."""

    def objects(self, prefix: str, after: str = "") -> Any:
        if "listed" in self.__dict__:
            return super().objects(prefix, after)
        self.__dict__["listed"] = True
        return iter(())
