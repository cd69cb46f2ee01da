"""`hedgehog init`."""

import keyword
from pathlib import Path

import click

from hedgehog_pipeline.cli.command import Command
from hedgehog_pipeline.errors import HedgehogError

_NEXT = """Review {package}/star.py: analysts will use its table and column names in their queries.
Then run, with empty buckets and an empty warehouse:
  export HEDGEHOG_MODEL={package} PYTHONPATH={here}
  hedgehog run"""


@click.command(cls=Command, examples=["hedgehog init library"])
@click.argument("package")
def init(*, package: str) -> None:
    """Generate a model of your own database as the Python package PACKAGE.

    Reads the tables of the database that HEDGEHOG_SOURCE_SECRET names, and writes the declarations
    of source tables, dimensions and facts into a new folder here. Lists each table and column that
    it leaves out, with the reason.
    """
    from hedgehog_pipeline.postgres.connection import connect, pin_settings, read_credentials
    from hedgehog_pipeline.printable import printable
    from hedgehog_pipeline.scaffold.catalog import read_tables
    from hedgehog_pipeline.scaffold.draft import draft_model
    from hedgehog_pipeline.scaffold.modules import render_modules
    from hedgehog_pipeline.settings import Settings

    folder = Path(package)
    if not package.isidentifier() or keyword.iskeyword(package):
        raise HedgehogError(
            f"{package!r} is not a valid name for a Python package; choose another name."
        )
    if folder.exists():
        raise HedgehogError(
            f"{package} already exists here and was not changed; choose another name."
        )
    settings = Settings.from_environment()
    credentials = read_credentials(settings.source_secret, settings.source_address, role="source")
    with connect(credentials, role="source", ca=settings.database_ca) as connection:
        pin_settings(connection)
        draft = draft_model(read_tables(connection))
    for reason in draft.left_out:
        click.echo(f"Left out: {printable(reason)}.")
    if not draft.source:
        raise HedgehogError(
            f"The source database {credentials.dbname} has no table that Hedgehog can capture. "
            "Check that HEDGEHOG_SOURCE_SECRET names the right database and that its role may read "
            "the tables."
        )
    folder.mkdir()
    for name, text in render_modules(draft).items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    for module, tables in (("shop", draft.source), ("star", draft.star)):
        click.echo(f"{package}/{module}.py declares {', '.join(table.name for table in tables)}.")
    for fault in draft.faults:
        click.echo(f"To fix in {package}/star.py: {printable(fault)}.")
    click.echo(_NEXT.format(package=package, here=Path.cwd()))
