"""`hedgehog init`."""

import keyword
from pathlib import Path

import click

from hedgehog_pipeline.cli.command import Command
from hedgehog_pipeline.errors import HedgehogError

_NEXT = """Read {package}/star.py: its names are what analysts will write. Then, with buckets and
a warehouse of its own:
  export HEDGEHOG_MODEL={package} PYTHONPATH={here}
  hedgehog run"""


@click.command(cls=Command, examples=["hedgehog init library"])
@click.argument("package")
def init(*, package: str) -> None:
    """Write a model of your own shop to begin with, into a new folder PACKAGE here.

    The tables are read from the database that HEDGEHOG_SOURCE_SECRET names. What can be followed
    is declared, and becomes dimensions and facts; what cannot be is told with its reason.
    """
    from hedgehog_pipeline.postgres.connection import connect, read_credentials, settle
    from hedgehog_pipeline.printable import printable
    from hedgehog_pipeline.scaffold.catalog import tables_of
    from hedgehog_pipeline.scaffold.draft import draft_of
    from hedgehog_pipeline.scaffold.modules import modules_of
    from hedgehog_pipeline.settings import Settings

    folder = Path(package)
    if not package.isidentifier() or keyword.iskeyword(package):
        raise HedgehogError(f"{package!r} cannot be the name of a Python package; give another.")
    if folder.exists():
        raise HedgehogError(f"{package} is here already and stays as it is; give another name.")
    settings = Settings.from_environment()
    credentials = read_credentials(settings.source_secret, settings.source_address, role="source")
    with connect(credentials, role="source", ca=settings.database_ca) as connection:
        settle(connection)
        draft = draft_of(tables_of(connection))
    for reason in draft.left_out:
        click.echo(f"Left out: {printable(reason)}.")
    if not draft.shop:
        raise HedgehogError(
            f"The source database {credentials.dbname} has no table that could be followed; see "
            "that its secret names the shop's own, whose tables the role may read."
        )
    folder.mkdir()
    for name, text in modules_of(draft).items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    for what, tables in (("shop", draft.shop), ("star", draft.star)):
        click.echo(f"{package}/{what}.py declares {', '.join(table.name for table in tables)}.")
    for fault in draft.faults:
        click.echo(f"To be mended in {package}/star.py: {printable(fault)}.")
    click.echo(_NEXT.format(package=package, here=Path.cwd()))
