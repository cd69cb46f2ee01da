"""`hedgehog init` writes a model that runs, and lists the tables and columns that it leaves out."""

from pathlib import Path

import psycopg
import pytest

from hedgehog_pipeline.scaffold.catalog import DraftColumn, DraftTable, read_tables
from hedgehog_pipeline.scaffold.draft import draft_model
from hedgehog_pipeline.scaffold.modules import render_modules
from hedgehog_pipeline_tests.support import shops
from hedgehog_pipeline_tests.support.another_shop import OtherShop
from hedgehog_pipeline_tests.support.servers import Servers

_LIBRARY = """
    create type kind as enum ('novel', 'atlas');
    create domain euros as numeric(8, 2);
    create table reader (
        full_name text not null, town text, number bigint generated always as identity,
        joined date not null, guest boolean not null, deleted boolean, primary key (number));
    comment on table reader is 'People who "borrow" books.';
    comment on column reader.town is 'Where they live:
on two lines.';
    create table book (
        book_no integer primary key, title varchar(80) not null, kind kind not null,
        price numeric, weight real, tags text[], sequel_of integer references book);
    create table loan (
        loan_no bigint generated always as identity primary key,
        reader_no bigint not null references reader, book_no integer references book,
        fine euros, lent timestamp not null default now(),
        last_changed timestamptz not null default now());
    create table loan_book (loan_no bigint, book_no integer, primary key (loan_no, book_no));
    create table note (id uuid primary key, text text);
    create table stray (text text);
    create table bare (id integer primary key);
    create table "Odd name" (id integer primary key, text text);
    create table parted (id integer, text text, primary key (id)) partition by range (id);
    create table parted_1 partition of parted default;
    create view viewed as select 1 as id;
    insert into reader (full_name, joined, guest) values ('Ada', '2026-01-02', false);
    insert into book values (1, 'Atlas', 'atlas', 12.5), (2, 'More', 'atlas', null);
    insert into loan (reader_no, book_no, fine) values (1, 1, 0.5), (1, null, null);
    insert into parted values (1, 'in a partition');
"""
_ODD = "the table name 'Odd name' may only have letters, digits and underscores"
_KEY = "its primary key is not one integer or bigint column"


def test_markup_in_comments_of_the_source_is_escaped():
    comment, not_null = "<img src=//evil.test>", True
    columns = (
        DraftColumn("number", "bigint", "bigint", "N", not_null, None, None),
        DraftColumn("name", "text", "text", "S", not_null, comment, None),
    )
    found = DraftTable("reader", "![People](//evil.test)", ("number",), columns)
    modules = render_modules(draft_model([found]))
    for name in ("shop", "star"):
        assert r"!\\[People](//evil.test)" in modules[name]
        assert r"\\<img src=//evil.test>" in modules[name]


def test_the_generated_model_of_an_unknown_source_runs(servers: Servers, tmp_path: Path):
    with OtherShop.make(servers, "library", _LIBRARY, tmp_path) as library:
        written = library.hedgehog("init", "library")
        assert (written.returncode, written.stderr) == (0, "")
        *left_out, shop, star, _, _, _, command = written.stdout.splitlines()
        assert left_out == [
            f"Left out: Odd name: {_ODD}.",
            "Left out: bare: bare declares no column except its key.",
            "Left out: book.weight: Hedgehog has no type for real.",
            "Left out: book.tags: Hedgehog has no type for text[].",
            f"Left out: loan_book: {_KEY} (loan_no, book_no).",
            f"Left out: note: {_KEY} (id).",
            "Left out: reader.deleted: Hedgehog adds a column of that name itself.",
            f"Left out: stray: {_KEY} (none).",
        ]
        assert shop == "library/shop.py declares book, loan, parted, reader."
        assert star == "library/star.py declares dim_book, dim_parted, dim_reader, fact_loan."
        assert command == "  hedgehog run"

        assert library.hedgehog("run").returncode == 0
        reconciled = library.hedgehog("reconcile")
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
        assert [line.split()[-1] for line in reconciled.stdout.splitlines()] == ["ok"] * 4
        library.shop.execute("update loan set fine = 1, last_changed = now() where loan_no = 1")
        assert library.hedgehog("run").returncode == 0
        rows = library.query(
            "select full_name, title, fine from fact_loan join dim_reader on reader_no = number "
            "join dim_book using (book_no) order by fine"
        )
        assert [(who, what, str(fine)) for who, what, fine in rows] == [
            ("Ada", "Atlas", "0.50"),
            ("Ada", "Atlas", "1.00"),
        ]


def test_the_generated_model_of_the_demo_shop_runs(servers: Servers, tmp_path: Path):
    with OtherShop.make(servers, "mine", shops.SHOP_DDL.decode(), tmp_path) as deployment:
        assert deployment.hedgehog("init", "mine").returncode == 0
        shops.load_small(deployment.shop)
        assert deployment.hedgehog("run").returncode == 0
        reconciled = deployment.hedgehog("reconcile")
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
        assert "fact_payment " in reconciled.stdout


def test_comments_of_the_source_become_descriptions(servers: Servers, tmp_path: Path):
    with OtherShop.make(servers, "library", _LIBRARY, tmp_path) as library:
        library.hedgehog("init", "library")
    written = (tmp_path / "library" / "shop.py").read_text()
    assert '"People who \\"borrow\\" books."' in written
    assert 'text("town", "Where they live:\\non two lines.", nullable=True)' in written
    assert 'reference("reader_no", "reader", kind=BIGINT)' in written
    assert 'Column("fine", decimal(8, 2), "Fine.", nullable=True)' in written


def test_a_source_without_foreign_keys_gets_an_error_for_its_star(servers: Servers, tmp_path: Path):
    with OtherShop.make(
        servers, "mine", "create table a (id int primary key, b int)", tmp_path
    ) as m:
        written = m.hedgehog("init", "mine")
        assert "To fix in mine/star.py: no fact refers to a dimension, so" in written.stdout


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ("not-a-name", "'not-a-name' is not a valid name for a Python package"),
        ("class", "'class' is not a valid name for a Python package"),
        ("there", "there already exists here and was not changed"),
        ("mine", "has no table that Hedgehog can capture"),
    ],
)
def test_init_fails_with_one_line_if_it_cannot_write_a_model(
    servers: Servers, tmp_path: Path, package: str, message: str
):
    (tmp_path / "there").mkdir()
    with OtherShop.make(servers, "mine", "create table stray (a int)", tmp_path) as deployment:
        failed = deployment.hedgehog("init", package)
    assert failed.returncode == 1
    assert message in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_tables_in_a_schema_with_capitals_are_found(servers: Servers):
    servers.make_database("capitals", "postgres", "reader", "capitals/source")
    with psycopg.connect(servers.postgres.dsn("capitals"), autocommit=True) as shop:
        shop.execute('create schema "SalesLT"')
        shop.execute('set search_path = "SalesLT"')
        shop.execute("create table customer (id integer primary key, name text)")
        assert [table.name for table in read_tables(shop)] == ["customer"]
    servers.drop_databases("capitals")
