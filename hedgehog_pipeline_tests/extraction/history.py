"""Triggers in the shop number every version of a row, and note it and who wrote it.

What a snapshot shows is then known without the rule that is tested: `pg_visible_in_snapshot` is
right for the top-level transactions that the triggers write down.
"""

import csv
import io
from collections import Counter

from hedgehog_pipeline.schema.shop import SHOP
from hedgehog_pipeline_tests.world import World

_HISTORY = """
    create sequence version;
    create table history (
        version bigint primary key, at_table text, key bigint, writer xid8, gone boolean,
        stored jsonb);
    create function note() returns trigger language plpgsql as $$
    declare
        row record = case when tg_op = 'DELETE' then old else new end;
        number bigint = nextval('version');
    begin
        row.version = number;
        insert into history values (
            number, tg_table_name, (to_jsonb(row) ->> tg_argv[0])::bigint, pg_current_xact_id(),
            tg_op = 'DELETE', to_jsonb(row));
        return row;
    end $$;
"""

_OF_TABLE = """
    alter table {table} add version bigint not null default nextval('version');
    insert into history
        select version, '{table}', {key}, pg_current_xact_id(), false, to_jsonb({table})
        from {table};
    create trigger note before insert or update or delete on {table}
        for each row execute function note('{key}');
"""

_VISIBLE = """
    select version from (
        select distinct on (at_table, key) version, gone from history
        where pg_visible_in_snapshot(writer, %s::pg_snapshot)
        order by at_table, key, version desc
    ) as newest where not gone
"""


def keep_history(world: World) -> None:
    """Number the versions from now on, those that are there already included."""
    world.shop.execute(_HISTORY)
    for table in SHOP.values():
        world.shop.execute(_OF_TABLE.format(table=table.name, key=table.key).encode())


def visible(world: World, snapshot: str | None = None) -> set[int]:
    """The versions that a snapshot shows, or that are there now."""
    if snapshot is None:
        snapshot = str(world.shop.execute("select pg_current_snapshot()::text").fetchall()[0][0])
    return {row[0] for row in world.shop.execute(_VISIBLE, [snapshot])}


def assert_each_batch_is_what_became_visible(world: World) -> None:
    """Each increment holds what its snapshot shows and none before; the archive all until then."""
    everything: Counter[int] = Counter()
    shown: set[int] | None = None
    for commit in world.commits(world.settings.ingestion_bucket):
        versions = versions_in(world, commit["parts"])
        everything += versions
        if commit["kind"] == "archive":
            continue
        now = visible(world, commit["base"]["sales_order"]["snapshot"])
        if shown is None:
            assert not now - set(everything)
        else:
            assert versions == Counter(now - shown)
        shown = now
    assert set(everything.values()) == {1}
    assert not visible(world) - set(everything)


def versions_in(world: World, parts: list[dict[str, str]]) -> Counter[int]:
    """Count the versions that parts hold."""
    found: Counter[int] = Counter()
    for part in parts:
        bucket = world.settings.ingestion_bucket
        body = world.s3.get_object(Bucket=bucket, Key=part["key"])["Body"].read().decode()
        found.update(int(row["version"]) for row in csv.DictReader(io.StringIO(body, newline="")))
    return found
