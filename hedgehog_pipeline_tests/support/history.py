"""Triggers in the shop number every version of a row, and record the version and its writer.

The writer is the top-level transaction: the text of a snapshot says whether it had ended. A session
that rewrites a table, or replaces it by another one, records that in `rewritten`; where only some
rows read differently, with their keys.
"""

import csv
import io
from collections import Counter, defaultdict
from typing import Any

import psycopg

from hedgehog_pipeline.model.tables import SourceTable
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.world import World

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
            number, tg_argv[1], (to_jsonb(row) ->> tg_argv[0])::bigint, pg_current_xact_id(),
            tg_op = 'DELETE', to_jsonb(row));
        return row;
    end $$;
    create table rewritten (at_table text, key bigint, writer xid8);
    create function note_truncated() returns trigger language plpgsql as $$
    begin
        execute format(
            'insert into history select nextval(''version''), %L, %I, pg_current_xact_id(), true '
            'from %I', tg_argv[1], tg_argv[0], tg_argv[1]);
        return null;
    end $$;
"""

_OF_TABLE = """
    alter table {table} add version bigint not null default nextval('version');
    insert into history
        select version, '{table}', {key}, pg_current_xact_id(), false, to_jsonb({table})
        from {table};
"""

_WATCH = """
    create trigger note before insert or update or delete on {table}
        for each row execute function note('{key}', '{table}');
    create trigger note_truncated before truncate on {table}
        for each statement execute function note_truncated('{key}', '{table}');
"""


def keep_history(world: World) -> None:
    """Number all versions from now on, including those that exist already."""
    world.shop.execute(_HISTORY)
    for table in SOURCE.values():
        statement = (_OF_TABLE + _WATCH).format(table=table.name, key=table.key)
        world.shop.execute(statement.encode())


def create_copy(
    shop: psycopg.Connection[Any], other: str, table: SourceTable, end: int | None = None
) -> None:
    """Create a copy of a table, with its own versions.

    Args:
        shop: a session of the owner.
        other: the name of the copy.
        table: the table to copy.
        end: the upper bound of the copy's partition; None for no partitions.
    """
    parts = "" if end is None else " partition by range ({key})"
    statement = _BESIDE + parts + ";" + (_FIRST_PARTITION if parts else "") + _FILLED
    shop.execute(_composed(statement, other, table, end=end))


def replace_by_copy(shop: psycopg.Connection[Any], other: str, table: SourceTable) -> None:
    """Replace a table by its copy.

    Changes made meanwhile are copied in the same transaction. The original table stays, renamed.
    """
    shop.execute(_composed(_CAUGHT_UP + _SWAP + _WATCH + _RECORDED, other, table, rows=table.name))


def replace_by_search_path(shop: psycopg.Connection[Any], other: str, table: SourceTable) -> None:
    """Replace a table by its copy, by the database's search_path.

    As `replace_by_copy`, but the original table keeps its name, in a schema that now comes later.
    Open sessions have to set `SEARCH_PATH` themselves.
    """
    shop.execute(_composed(_CAUGHT_UP + _LEAD + _WATCH + _RECORDED, other, table, rows=table.name))


def attach(shop: psycopg.Connection[Any], other: str, table: SourceTable, keys: range) -> None:
    """Attach a table to a partitioned one, with rows that have their own versions."""
    statement = _ATTACH + _RECORDED
    shop.execute(_composed(statement, other, table, rows=other, first=keys.start, end=keys.stop))


def attach_altered(
    shop: psycopg.Connection[Any], other: str, table: SourceTable, keys: range, column: str
) -> None:
    """Detach a partition, drop and add an integer column there, and attach it again.

    Its rows read differently from then on; it may have none.
    """
    statement = _ALTER_DETACHED + _ATTACH + _READ_DIFFERENTLY
    first, end = keys.start, keys.stop
    shop.execute(_composed(statement, other, table, first=first, end=end, column=column))


def _composed(statement: str, other: str, table: SourceTable, **others: object) -> bytes:
    columns = ", ".join([*(column.name for column in table.columns), "version"])
    return statement.format(
        table=table.name, key=table.key, other=other, columns=columns, **others
    ).encode()


_BESIDE = "create table {other} (like {table} including defaults, primary key ({key}))"
_FIRST_PARTITION = """
    create table {other}_1 partition of {other} for values from (minvalue) to ({end});
"""
_FILLED = """
    insert into {other} ({columns}) select {columns} from {table};
    create table {other}_copied as select {key}, version from {other};
    update {other} set version = nextval('version');
"""
_CAUGHT_UP = """
    lock {table}, {other};
    delete from {other} where {key} not in (
        select {key} from {table} join {other}_copied using ({key}, version));
    insert into {other} ({columns})
        select {columns} from {table} where {key} not in (select {key} from {other});
    update {other} set version = nextval('version')
        where version in (select version from {table});
"""
_SWAP = """
    alter table {table} rename to instead_of_{other};
    alter table {other} rename to {table};
    grant select on {table} to reader;
"""
SEARCH_PATH = "set search_path = earlier, public"
"""Leads to the tables that `replace_by_search_path` put first."""

_LEAD = (
    """
    create schema earlier;
    grant usage on schema earlier to reader;
    alter table {other} set schema earlier;
    alter table earlier.{other} rename to {table};
    grant select on earlier.{table} to reader;
    do $$ begin
        execute format('alter database %I set search_path = earlier, public', current_database());
    end $$;
    """
    + SEARCH_PATH
    + ";"
)
_ATTACH = "alter table {table} attach partition {other} for values from ({first}) to ({end});"
_ALTER_DETACHED = """
    alter table {table} detach partition {other};
    alter table {other} drop {column}, add {column} integer not null default 7;
"""
_READ_DIFFERENTLY = """
    insert into rewritten select '{table}', {key}, pg_current_xact_id() from {other};
"""
_RECORDED = """
    insert into history
        select version, '{table}', {key}, pg_current_xact_id(), false, to_jsonb({rows})
        from {rows};
"""


def versions_in(world: World, parts: list[dict[str, str]]) -> dict[str, Counter[int]]:
    """Count the versions in parts, by table."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for part in parts:
        bucket = world.settings.ingestion_bucket
        body = world.s3.get_object(Bucket=bucket, Key=part["key"])["Body"].read().decode()
        rows = csv.DictReader(io.StringIO(body, newline=""))
        found[part["asset"].removeprefix("oltp/")].update(int(row["version"]) for row in rows)
    return found
