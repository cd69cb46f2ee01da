"""Row counts of an asset, per day and in total, carried from commit to commit."""

from datetime import date

from hedgehog_pipeline.lake.commits import Commit, Part, RowCount
from hedgehog_pipeline.lake.row_counts import counts_after, counts_before, lake_row_counts

_ASSET = "oltp/currency"
_MONDAY, _TUESDAY = date(2026, 6, 1), date(2026, 6, 2)


def _part(rows: int, *, kind: str = "rows") -> Part:
    return Part.model_validate(
        {"asset": _ASSET, "kind": kind, "key": "k", "rows": rows, "bytes": 1, "columns": ("a",)}
    )


def _commit(head: Commit | None, day: date, *parts: Part) -> Commit:
    return Commit(
        log="log",
        number=head.number + 1 if head else 1,
        previous=head.batch if head else None,
        batch=f"batch-{day}",
        date=day,
        parts=parts,
        row_counts=counts_after(counts_before(head, day), day, parts),
    )


def _metadata(head: Commit | None, day: date, *parts: Part) -> dict[str, int]:
    numbers = lake_row_counts(counts_before(head, day), _ASSET, day, parts)
    return {name.removeprefix("dagster/"): count for name, count in numbers.items()}


def test_rows_add_up_within_a_day_and_over_days():
    first = _commit(None, _MONDAY, _part(5), _part(2))
    second = _commit(first, _MONDAY, _part(3))
    assert _metadata(first, _MONDAY, _part(3)) == {"partition_row_count": 10, "row_count": 10}
    assert _metadata(second, _TUESDAY, _part(1)) == {"partition_row_count": 1, "row_count": 11}


def test_a_commit_without_rows_of_an_asset_does_not_change_its_counts():
    head = _commit(_commit(None, _MONDAY, _part(5)), _MONDAY)
    assert _metadata(head, _MONDAY) == {"partition_row_count": 5, "row_count": 5}
    assert _metadata(head, _TUESDAY) == {"partition_row_count": 0, "row_count": 5}


def test_keys_tombstones_and_quarantine_do_not_count_as_rows():
    head = _commit(None, _MONDAY, _part(5), _part(7, kind="keys"), _part(1, kind="quarantine"))
    assert head.row_counts
    assert head.row_counts.assets == {_ASSET: RowCount(day=_MONDAY, of_day=5, in_all=5)}


def test_rows_of_an_earlier_day_count_in_total_but_not_for_the_later_day():
    head = _commit(None, _TUESDAY, _part(5))
    late = _commit(head, _MONDAY, _part(2))
    assert _metadata(late, _TUESDAY) == {"partition_row_count": 5, "row_count": 7}
    assert _metadata(late, _MONDAY) == {"row_count": 7}


def test_a_lake_without_counts_starts_on_the_next_day_and_has_no_total():
    older = Commit(log="log", number=9, previous="b", batch="c", date=_MONDAY)
    assert _metadata(older, _MONDAY, _part(5)) == {}
    assert _commit(older, _MONDAY, _part(5)).row_counts is None
    head = _commit(older, _TUESDAY, _part(5))
    assert _metadata(head, _TUESDAY, _part(2)) == {"partition_row_count": 7}
