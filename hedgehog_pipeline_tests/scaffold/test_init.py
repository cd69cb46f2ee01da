"""`hedgehog init` writes a model that runs, of what can be followed, and tells the rest."""

from pathlib import Path

import psycopg
import pytest

from hedgehog_pipeline.scaffold.catalog import FoundColumn, FoundTable, tables_of
from hedgehog_pipeline.scaffold.draft import draft_of
from hedgehog_pipeline.scaffold.modules import modules_of
from hedgehog_pipeline_tests import shops
from hedgehog_pipeline_tests.another_shop.deployment import Deployment
from hedgehog_pipeline_tests.servers import Servers

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
_ODD = "the table 'Odd name' needs a name of letters, digits and underscores alone"


def test_nothing_that_a_shop_says_of_its_tables_is_markup():
    said, needed = "<img src=//evil.test>", True
    columns = (
        FoundColumn("number", "bigint", "bigint", "N", needed, None, None),
        FoundColumn("name", "text", "text", "S", needed, said, None),
    )
    found = FoundTable("reader", "![People](//evil.test)", ("number",), columns)
    told = modules_of(draft_of([found]))
    for name in ("shop", "star"):
        assert r"!\\[People](//evil.test)" in told[name]
        assert r"\\<img src=//evil.test>" in told[name]


def test_the_model_of_a_shop_that_was_never_seen_runs(servers: Servers, tmp_path: Path):
    with Deployment.make(servers, "library", _LIBRARY, tmp_path) as library:
        begun = library.hedgehog("init", "library")
        assert (begun.returncode, begun.stderr) == (0, "")
        *told, shop, star, _, _, _, command = begun.stdout.splitlines()
        assert told == [
            f"Left out: Odd name: {_ODD}.",
            "Left out: bare: bare declares nothing but its key.",
            "Left out: book.weight: nothing here holds real.",
            "Left out: book.tags: nothing here holds text[].",
            "Left out: loan_book: its primary key is no integer or bigint (loan_no, book_no).",
            "Left out: note: its primary key is no integer or bigint (id).",
            "Left out: reader.deleted: Hedgehog adds that name itself.",
            "Left out: stray: its primary key is no integer or bigint (there is none).",
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
        found = library.query(
            "select full_name, title, fine from fact_loan join dim_reader on reader_no = number "
            "join dim_book using (book_no) order by fine"
        )
        assert [(who, what, str(fine)) for who, what, fine in found] == [
            ("Ada", "Atlas", "0.50"),
            ("Ada", "Atlas", "1.00"),
        ]


def test_the_shop_of_the_sandbox_can_be_begun_with_as_well(servers: Servers, tmp_path: Path):
    with Deployment.make(servers, "mine", shops.SHOP_DDL.decode(), tmp_path) as deployment:
        assert deployment.hedgehog("init", "mine").returncode == 0
        shops.load_small(deployment.shop)
        assert deployment.hedgehog("run").returncode == 0
        reconciled = deployment.hedgehog("reconcile")
        assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
        assert "fact_payment " in reconciled.stdout


def test_what_the_shop_says_of_its_tables_is_kept(servers: Servers, tmp_path: Path):
    with Deployment.make(servers, "library", _LIBRARY, tmp_path) as library:
        library.hedgehog("init", "library")
    written = (tmp_path / "library" / "shop.py").read_text()
    assert '"People who \\"borrow\\" books."' in written
    assert 'text("town", "Where they live:\\non two lines.", nullable=True)' in written
    assert 'reference("reader_no", "reader", kind=BIGINT)' in written
    assert 'Column("fine", decimal(8, 2), "Fine.", nullable=True)' in written


def test_tables_that_refer_to_none_make_no_star_and_that_is_told(servers: Servers, tmp_path: Path):
    with Deployment.make(
        servers, "mine", "create table a (id int primary key, b int)", tmp_path
    ) as m:
        begun = m.hedgehog("init", "mine")
        assert "To be mended in mine/star.py: no fact refers to a dimension, so" in begun.stdout


@pytest.mark.parametrize(
    ("package", "told"),
    [
        ("not-a-name", "'not-a-name' cannot be the name of a Python package"),
        ("class", "'class' cannot be the name of a Python package"),
        ("there", "there is here already and stays as it is"),
        ("mine", "has no table that could be followed"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(
    servers: Servers, tmp_path: Path, package: str, told: str
):
    (tmp_path / "there").mkdir()
    with Deployment.make(servers, "mine", "create table stray (a int)", tmp_path) as deployment:
        refused = deployment.hedgehog("init", package)
    assert refused.returncode == 1
    assert told in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_schema_with_capitals_is_found(servers: Servers):
    servers.make_database("capitals", "postgres", "reader", "capitals/source")
    with psycopg.connect(servers.postgres.dsn("capitals"), autocommit=True) as shop:
        shop.execute('create schema "SalesLT"')
        shop.execute('set search_path = "SalesLT"')
        shop.execute("create table customer (id integer primary key, name text)")
        assert [table.name for table in tables_of(shop)] == ["customer"]
    servers.drop_databases("capitals")
