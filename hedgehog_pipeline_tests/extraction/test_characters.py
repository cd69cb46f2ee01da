"""A byte that is no character keeps its row out, and nothing else; a later good row closes that."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.characters import CODECS
from hedgehog_pipeline.model.source import SOURCE
from hedgehog_pipeline.monitoring.quarantine import entries_of, format_row
from hedgehog_pipeline_tests import shops
from hedgehog_pipeline_tests.bad_rows import OPEN, copy_row, is_held
from hedgehog_pipeline_tests.operations.reconciling import reconciled
from hedgehog_pipeline_tests.servers import Servers
from hedgehog_pipeline_tests.world import World

_CONVERTS = """
    create function pg_temp.converted(text bytea, encoding name) returns text language plpgsql as $$
    begin return convert_from(text, encoding); exception when others then return null; end $$
"""
_BAD = {"WIN1252": 129, "SQL_ASCII": 233, "UTF8": 233}
_BYTE = {name: f"chr({byte})" for name, byte in _BAD.items()} | {"UTF8": "'\\xe9'::bytea::text"}
_GOOD = {"WIN1252": "chr(233)", "SQL_ASCII": "chr(195) || chr(169)", "UTF8": "chr(233)"}
_REASONS = {
    "WIN1252": "holds 0x81, which is no character in WIN1252",
    "SQL_ASCII": "holds 0xe9, which is no character in UTF-8 (the database is in SQL_ASCII)",
    "UTF8": "holds 0xe9, which is no character in UTF8",
}


@contextmanager
def _in_encoding(world: World, encoding: str) -> Iterator[World]:
    """A small shop whose database has another encoding."""
    world.shop.close()
    name, servers = world.shop_database, world.servers
    servers.drop_databases(name)
    with psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as admin:
        create = sql.SQL("create database {} template template0 locale 'C' encoding {}")
        admin.execute(create.format(sql.Identifier(name), sql.Literal(encoding)))
    dsn = servers.postgres.dsn(name)
    with psycopg.connect(dsn, autocommit=True, client_encoding=encoding) as shop:
        shop.execute(shops.SHOP_DDL)
        for table in SOURCE:
            shop.execute(sql.SQL("grant select on {} to reader").format(sql.Identifier(table)))
        shops.load_small(shop)
        yield replace(world, shop=shop)


@pytest.mark.parametrize("encoding", _BAD)
def test_one_byte_without_a_character_keeps_its_row_out_and_nothing_else(
    world: World, encoding: str
):
    with _in_encoding(world, encoding) as shop:
        if encoding == "UTF8":  # which looks at no byte that a cast lets through
            shop.shop.execute("create cast (bytea as text) without function")
        byte, reason = _BYTE[encoding], _REASONS[encoding]
        value = f"a, \\x{_BAD[encoding]:x}"
        archived = copy_row(shop, "design", design_name="x")
        _set(shop, "design", archived, f"design_name = 'a, ' || {byte}")
        shop.run()
        assert shop.query(OPEN) == [("design", str(archived), "design_name", value, reason)]

        shop.shop.execute("alter table staff add note text")
        undeclared, good = copy_row(shop, "staff"), copy_row(shop, "design")
        _set(shop, "staff", undeclared, f"note = {byte}")
        _set(shop, "design", good, f"design_name = 'caf' || {_GOOD[encoding]}")
        gone = copy_row(shop, "design")
        _set(shop, "design", gone, f"design_name = {byte}")
        shop.run()
        assert {(table, key, column) for table, key, column, *_ in shop.query(OPEN)} == {
            ("design", str(archived), "design_name"),
            ("staff", str(undeclared), "note"),
            ("design", str(gone), "design_name"),
        }
        assert not is_held(shop, "staff", undeclared)
        name = "select design_name from dim_design where design_id = %s"
        assert shop.query(name, [good]) == [("café",)]
        assert shop.run() == []
        assert {table.faults for table in reconciled(shop)} == {0}
        assert {table.table for table in reconciled(shop) if "in quarantine" in table.verdict} == {
            "dim_design",
            "dim_staff",
        }
        with shop.deployment.warehouse() as warehouse:
            log = shop.deployment.lake.ingestion
            (told, *_) = format_row(entries_of("design", str(archived), warehouse, log))
        assert told.startswith("commit 1: not landed, row ")

        _set(shop, "design", archived, "design_name = 'mended'")
        _set(shop, "staff", undeclared, "note = null")
        shop.shop.execute(f"delete from design where design_id = {gone}".encode())
        shop.run()
        shop.sweep()
        assert shop.query(OPEN) == []
        assert is_held(shop, "design", archived)
        assert is_held(shop, "staff", undeclared)
        assert {table.verdict for table in reconciled(shop)} == {"ok"}


def test_what_the_type_of_an_undeclared_column_is_called_stops_nothing_and_a_name_is_refused(
    world: World,
):
    with _in_encoding(world, "SQL_ASCII") as shop:
        shop.shop.execute(b"create type \"caf\xe9\" as enum ('a\xe9')")
        shop.shop.execute(b'alter table staff add mood "caf\xe9"')
        assert shop.run()
        shop.shop.execute(b'alter table staff rename mood to "caf\xe9"')
        with pytest.raises(
            HedgehogError, match=r"^A name in the table staff cannot be read, .*0xe9"
        ):
            shop.run()


def test_a_byte_that_postgresql_itself_cannot_convert_is_told_by_table_and_row(world: World):
    with _in_encoding(world, "EUC_JP") as shop:
        shop.run()
        before, bad = copy_row(shop, "design"), copy_row(shop, "design")
        shop.shop.execute(b"update design set design_name = '\xa9\xa1' where design_id = %d" % bad)
        told = rf"^A text of design cannot be read, behind the row {before} as they were read: "
        with pytest.raises(HedgehogError, match=told):
            shop.run()


def _set(world: World, table: str, key: int, assignment: str) -> None:
    statement = f"update {table} set {assignment} where {SOURCE[table].key} = {key}"
    world.shop.execute(statement.encode())


def test_pythons_characters_are_postgresqls(servers: Servers):
    high = range(0x80, 0x100)
    one = [bytes([first]) for first in high]
    two = [bytes([first, second]) for first in high for second in high]
    with psycopg.connect(servers.postgres.dsn("postgres"), client_encoding="utf8") as connection:
        connection.execute(_CONVERTS)
        for encoding, codec in CODECS.items():
            if codec == "utf-8":
                continue
            texts = two if encoding.startswith("EUC") else one
            ask = "select text, pg_temp.converted(text, %s) from unnest(%s::bytea[]) as text"
            theirs = dict(connection.execute(ask, [encoding, texts]).fetchall())
            assert {text: _decoded(text, codec) for text in texts} == theirs, encoding


def _decoded(text: bytes, codec: str) -> str | None:
    try:
        return text.decode(codec)
    except UnicodeDecodeError:
        return None
