"""A row that PostgreSQL itself cannot read is named, so that a person can correct it."""

import pytest

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline_tests.support.truth import differences
from hedgehog_pipeline_tests.support.world import World

_VIRTUAL = 180000
"""The PostgreSQL version that introduced virtual generated columns."""


@pytest.fixture
def raising(world: World) -> World:
    """A shop of which one design cannot be read: a virtual column divides by zero."""
    if world.shop.info.server_version < _VIRTUAL:
        pytest.skip("PostgreSQL has no virtual generated columns before 18")
    world.load_small()
    world.shop.execute(
        "insert into design (design_id, design_name, file_location, file_name, last_updated) "
        "select 100 + n, 'name', 'place', 'file', now() from generate_series(1, 60) as n"
    )
    world.shop.execute(
        "alter table design add share integer generated always as (100 / (design_id - 142)) virtual"
    )
    return world


def test_an_error_of_a_column_names_the_row_and_the_column(raising: World) -> None:
    with pytest.raises(HedgehogError) as error:
        raising.run()
    assert str(error.value).startswith(
        "PostgreSQL cannot read the row 142 of design (column share): division by zero."
    )
    assert "correct or delete it in the source, or drop the column" in str(error.value)
    assert "run again" not in str(error.value)


def test_everything_lands_once_the_row_is_corrected(raising: World) -> None:
    with pytest.raises(HedgehogError):
        raising.run()
    raising.shop.execute("update design set design_id = 7 where design_id = 142")
    raising.run()
    assert differences(raising) == {}


def test_a_changed_row_is_named_among_many(raising: World) -> None:
    raising.shop.execute("update design set design_id = 7 where design_id = 142")
    raising.run()
    raising.shop.execute("update design set design_id = 142 where design_id = 7")
    raising.shop.execute("update design set last_updated = now()")
    with pytest.raises(HedgehogError, match="row 142 of design"):
        raising.run()
