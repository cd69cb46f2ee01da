"""How many rows an asset has of a day and in all, as its commits carry the numbers on."""

from datetime import date

from hedgehog_pipeline.lake.commits import Commit, Part, RowCount
from hedgehog_pipeline.lake.row_counts import counts_after, counts_before, row_count_metadata

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


def _shown(head: Commit | None, day: date, *parts: Part) -> dict[str, int]:
    numbers = row_count_metadata(counts_before(head, day), _ASSET, day, parts)
    return {name.removeprefix("dagster/"): count for name, count in numbers.items()}


def test_rows_add_up_within_a_day_and_over_days():
    first = _commit(None, _MONDAY, _part(5), _part(2))
    second = _commit(first, _MONDAY, _part(3))
    assert _shown(first, _MONDAY, _part(3)) == {"partition_row_count": 10, "row_count": 10}
    assert _shown(second, _TUESDAY, _part(1)) == {"partition_row_count": 1, "row_count": 11}


def test_a_commit_without_rows_of_an_asset_changes_no_number_of_it():
    head = _commit(_commit(None, _MONDAY, _part(5)), _MONDAY)
    assert _shown(head, _MONDAY) == {"partition_row_count": 5, "row_count": 5}
    assert _shown(head, _TUESDAY) == {"partition_row_count": 0, "row_count": 5}


def test_keys_tombstones_and_quarantine_are_no_rows():
    head = _commit(None, _MONDAY, _part(5), _part(7, kind="keys"), _part(1, kind="quarantine"))
    assert head.row_counts
    assert head.row_counts.assets == {_ASSET: RowCount(day=_MONDAY, of_day=5, in_all=5)}


def test_rows_of_an_earlier_day_count_in_all_and_not_for_the_later_day():
    head = _commit(None, _TUESDAY, _part(5))
    late = _commit(head, _MONDAY, _part(2))
    assert _shown(late, _TUESDAY) == {"partition_row_count": 5, "row_count": 7}
    assert _shown(late, _MONDAY) == {"row_count": 7}


def test_a_lake_that_did_not_count_begins_with_the_next_day_and_claims_no_number_in_all():
    older = Commit(log="log", number=9, previous="b", batch="c", date=_MONDAY)
    assert _shown(older, _MONDAY, _part(5)) == {}
    assert _commit(older, _MONDAY, _part(5)).row_counts is None
    head = _commit(older, _TUESDAY, _part(5))
    assert _shown(head, _TUESDAY, _part(2)) == {"partition_row_count": 7}
