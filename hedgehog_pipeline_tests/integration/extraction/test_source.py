"""The session settings of the source do not change what lands."""

import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction import source
from hedgehog_pipeline.lake.commits import Part
from hedgehog_pipeline.lake.csv_reader import read_part
from hedgehog_pipeline.model.columns import INTEGER, TIMESTAMP, Column
from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.world import World

_THINGS = SourceTable("things", "", (Column("id", INTEGER, ""), Column("at", TIMESTAMP, "")))


@pytest.mark.parametrize(
    ("zone", "text", "landed", "expected"),
    [
        ("Asia/Shanghai", "1900-01-01", "1899-12-31 15:54:17+00", []),
        ("America/New_York", "9999-12-31 18:59:59", "9999-12-31 23:59:59+00", []),
        ("America/New_York", "9999-12-31 23:59:59", "10000-01-01 04:59:59+00", [TIMESTAMP.form]),
    ],
)
def test_a_timestamp_lands_in_utc_whatever_the_time_zone_of_the_database(
    world: World, zone: str, text: str, landed: str, expected: list[str]
):
    alter = sql.SQL("alter database {} set timezone = {}")
    name, value = sql.Identifier(world.shop_database), sql.Literal(zone)
    world.shop.execute(alter.format(name, value))
    world.shop.execute(sql.SQL("set timezone = {}").format(value))
    world.shop.execute("create table things (id int, at timestamptz)")
    world.shop.execute("insert into things values (1, %s)", [text])
    world.shop.execute("grant select on things to reader")
    with world.deployment.source.open_snapshot(list(SOURCE.values())) as snapshot:
        body = b"".join(snapshot.lines(sql.SQL("select * from things").format()))
    assert body.decode() == f"id,at\n1,{landed}\n"
    part = Part(asset="oltp/things", key="", rows=1, bytes=len(body), columns=("id", "at"))
    faults = read_part(body, _THINGS, part, 1).faults
    assert faults["reason"].to_pylist() == [f"is not {form}" for form in expected]


def test_a_snapshot_of_a_table_that_another_session_has_locked_ends_in_time(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(source, "_LOCK_SECONDS", 0.1)
    world.shop.execute(
        "alter table design drop file_name,"
        "add file_name text generated always as (design_name || '.json') stored"
    )
    with world.connect() as other:
        other.execute("lock table design in access exclusive mode")
        with pytest.raises(HedgehogError, match="have been locked by another session"):
            world.deployment.check_source()
