"""A byte that is not a character keeps only its own row out; a later valid row closes the entry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.characters import CODECS
from hedgehog_pipeline.monitoring.quarantine import format_row, quarantined_rows_of
from hedgehog_pipeline_tests.support import shops
from hedgehog_pipeline_tests.support.bad_rows import OPEN, copy_row, is_loaded
from hedgehog_pipeline_tests.support.demo_model import SOURCE
from hedgehog_pipeline_tests.support.reconciling import reconciled
from hedgehog_pipeline_tests.support.servers import Servers
from hedgehog_pipeline_tests.support.world import World

_CONVERTS = """
    create function pg_temp.converted(text bytea, encoding name) returns text language plpgsql as $$
    begin return convert_from(text, encoding); exception when others then return null; end $$
"""
_BAD = {"WIN1252": 129, "SQL_ASCII": 233, "UTF8": 233}
_BYTE = {name: f"chr({byte})" for name, byte in _BAD.items()} | {"UTF8": "'\\xe9'::bytea::text"}
_GOOD = {"WIN1252": "chr(233)", "SQL_ASCII": "chr(195) || chr(169)", "UTF8": "chr(233)"}
_REASONS = {
    "WIN1252": "contains 0x81, which is not a character in WIN1252",
    "SQL_ASCII": "contains 0xe9, which is not a character in UTF-8 (the database is in SQL_ASCII)",
    "UTF8": "contains 0xe9, which is not a character in UTF8",
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
def test_a_byte_that_is_not_a_character_keeps_only_its_row_out(world: World, encoding: str):
    with _in_encoding(world, encoding) as shop:
        if encoding == "UTF8":  # a binary cast stores bytes that PostgreSQL does not check
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
        deleted = copy_row(shop, "design")
        _set(shop, "design", deleted, f"design_name = {byte}")
        shop.run()
        assert {(table, key, column) for table, key, column, *_ in shop.query(OPEN)} == {
            ("design", str(archived), "design_name"),
            ("staff", str(undeclared), "note"),
            ("design", str(deleted), "design_name"),
        }
        assert not is_loaded(shop, "staff", undeclared)
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
            (line, *_) = format_row(quarantined_rows_of("design", str(archived), warehouse, log))
        assert line.startswith("commit 1: not landed, row ")

        _set(shop, "design", archived, "design_name = 'fixed'")
        _set(shop, "staff", undeclared, "note = null")
        shop.shop.execute(f"delete from design where design_id = {deleted}".encode())
        shop.run()
        shop.detect_deletes()
        assert shop.query(OPEN) == []
        assert is_loaded(shop, "design", archived)
        assert is_loaded(shop, "staff", undeclared)
        assert {table.verdict for table in reconciled(shop)} == {"ok"}


def test_a_bad_type_name_of_an_undeclared_column_is_ignored_and_a_bad_column_name_is_refused(
    world: World,
):
    with _in_encoding(world, "SQL_ASCII") as shop:
        shop.shop.execute(b"create type \"caf\xe9\" as enum ('a\xe9')")
        shop.shop.execute(b'alter table staff add mood "caf\xe9"')
        assert shop.run()
        shop.shop.execute(b'alter table staff rename mood to "caf\xe9"')
        with pytest.raises(
            HedgehogError, match=r"^A name in the table staff cannot be decoded .*0xe9"
        ):
            shop.run()


def test_a_byte_that_postgresql_cannot_convert_is_reported_with_table_and_row(world: World):
    with _in_encoding(world, "EUC_JP") as shop:
        shop.run()
        before, bad = copy_row(shop, "design"), copy_row(shop, "design")
        shop.shop.execute(b"update design set design_name = '\xa9\xa1' where design_id = %d" % bad)
        message = rf"^A text of design cannot be decoded, in the row read after row {before}: "
        with pytest.raises(HedgehogError, match=message):
            shop.run()


def _set(world: World, table: str, key: int, assignment: str) -> None:
    statement = f"update {table} set {assignment} where {SOURCE[table].key} = {key}"
    world.shop.execute(statement.encode())


def test_python_decodes_exactly_as_postgresql_does(servers: Servers):
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
            converted = dict(connection.execute(ask, [encoding, texts]).fetchall())
            assert {text: _decoded(text, codec) for text in texts} == converted, encoding


def _decoded(text: bytes, codec: str) -> str | None:
    try:
        return text.decode(codec)
    except UnicodeDecodeError:
        return None
