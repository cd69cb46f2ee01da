"""The `hedgehog` command. Errors are one sentence on stderr and exit code 1."""

import json
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.util import find_spec
from itertools import chain
from typing import IO

import click
from botocore.exceptions import BotoCoreError
from dotenv import load_dotenv

from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.extraction.mode import Mode
from hedgehog_pipeline.operations.quarantine import (
    closed_since,
    lines_of,
    read_entries,
    told_of,
)
from hedgehog_pipeline.operations.reconciled import ADVICE, RECONCILED, Reconciled
from hedgehog_pipeline.operations.status import read_status
from hedgehog_pipeline.progress import shown, sum_up, told
from hedgehog_pipeline.runner import (
    rebuild,
    replay_until_done,
    run_until_done,
    sweep_until_done,
)
from hedgehog_pipeline.settings import Settings
from hedgehog_pipeline.surroundings import Surroundings


class _WithSandbox(click.Group):
    """Imports the sandbox where one of its commands is asked for: it is an extra of its own."""

    _COMMANDS = ("demo", "dev", "latency", "sandbox")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *(self._COMMANDS if _has_sandbox() else ())])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._COMMANDS:
            return super().get_command(ctx, cmd_name)
        if not _has_sandbox():
            raise HedgehogError(
                f"`hedgehog {cmd_name}` needs the sandbox, which is not installed: "
                "pip install 'hedgehog-pipeline[sandbox]'."
            )
        from hedgehog_pipeline.sandbox import cli  # noqa: PLC0415

        return getattr(cli, cmd_name)


def _has_sandbox() -> bool:
    return find_spec("faker") is not None


@click.group(cls=_WithSandbox)
def hedgehog() -> None:
    """Keep a star-schema warehouse true to a shop's PostgreSQL database."""


@hedgehog.command()
@click.option("--reread", is_flag=True, help="Read the whole shop again, as if it were another.")
@click.option("--sweep", is_flag=True, help="Also find the rows that were deleted in the shop.")
@click.option(
    "--allow-mass-delete", is_flag=True, help="Let the sweep find a large share of a table gone."
)
def run(*, reread: bool, sweep: bool, allow_mass_delete: bool) -> None:
    """Run the three stages until nothing is pending."""
    if allow_mass_delete and not sweep:
        raise click.UsageError("--allow-mass-delete goes with --sweep.")
    surroundings = Surroundings(Settings.from_environment())
    runs = run_until_done(surroundings, Mode.REREAD if reread else Mode.CHANGES)
    if sweep:
        swept = sweep_until_done(surroundings, allow_mass_delete=allow_mass_delete)
        runs = chain(runs, swept)
    sum_up(told(runs), "the warehouse holds everything that the shop holds.")


@hedgehog.command("rebuild")
def rebuild_() -> None:
    """Fill an empty warehouse from the lake, without the shop."""
    runs = (
        stage_run
        for backlog in rebuild(Surroundings(Settings.from_environment()))
        for stage_run in shown(backlog)
    )
    sum_up(runs, "the lake is empty. `hedgehog run` fills it from the shop.")


@hedgehog.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def status(*, as_json: bool) -> None:
    """Tell what is landed, processed and loaded, and how far behind the warehouse is."""
    surroundings = Surroundings(Settings.from_environment())
    with surroundings.warehouse() as warehouse:
        found = read_status(
            surroundings.lake, warehouse, surroundings.parameters, datetime.now(timezone.utc)
        )
    click.echo(json.dumps(asdict(found)) if as_json else str(found))


@hedgehog.command()
@click.argument("file", required=False, type=click.File("wb", lazy=True))
def report(file: IO[bytes] | None) -> None:
    """Put the report of what the warehouse holds into the processed bucket, and into FILE."""
    from hedgehog_pipeline.report.making import make_report  # noqa: PLC0415 (imports altair)

    surroundings = Surroundings(Settings.from_environment())
    with surroundings.warehouse() as warehouse:
        bucket = surroundings.lake.processed.bucket
        made = make_report(warehouse, bucket, datetime.now(timezone.utc))
    if file is not None:
        file.write(made.page)
    click.echo(made)


@hedgehog.command()
def migrate() -> None:
    """Alter the warehouse's tables to what is declared."""
    with Surroundings(Settings.from_environment()).warehouse() as warehouse:
        statements = warehouse.migrate()
    for statement in statements or ["Nothing to do: the warehouse's tables are as declared."]:
        click.echo(statement)


@hedgehog.command()
@click.argument("tables", metavar="[TABLE]...", nargs=-1, type=click.Choice(RECONCILED))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def reconcile(*, tables: tuple[str, ...], as_json: bool) -> None:
    """Compare shop and warehouse key by key; exit code 1 where something differs unexplained.

    TABLE is a table of the warehouse; without one, all are compared but dim_date, whose days are
    no rows of the shop.
    """
    from hedgehog_pipeline.operations.reconcile import reconcile  # noqa: PLC0415 (imports pandas)

    surroundings = Surroundings(Settings.from_environment())
    found: list[Reconciled] = []
    with surroundings.warehouse() as warehouse:
        shop = surroundings.source.moment
        wanted = [RECONCILED[name] for name in tables or RECONCILED]
        for reconciled in reconcile(surroundings.lake, warehouse, shop, wanted):
            found.append(reconciled)
            if not as_json:
                click.echo(reconciled)
    if as_json:
        click.echo(json.dumps({table.table: table.as_json() for table in found}))
    if faulty := [table.table for table in found if table.faults]:
        raise HedgehogError(f"Keys of {', '.join(faulty)} differ unexplained. {ADVICE}")


@hedgehog.group()
def quarantine() -> None:
    """Look at the rows that cannot be taken, and take them when the cause is mended."""


@quarantine.command("list")
@click.option("--all", "closed", is_flag=True, help="Also list what holds no more.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_quarantine(*, closed: bool, as_json: bool) -> None:
    """List the values for which rows cannot be taken, the newest last."""
    surroundings = Surroundings(Settings.from_environment())
    with surroundings.warehouse() as warehouse:
        entries = read_entries(warehouse, closed=closed)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries]))
        return
    for line in lines_of(entries, state=closed) if entries else ():
        click.echo(line)
    still = sum(entry.open for entry in entries)
    click.echo(f"{still} open" + (f", {len(entries) - still} closed" if closed else ""))


@quarantine.command("show")
@click.argument("table")
@click.argument("key")
def show_quarantine(table: str, key: str) -> None:
    """Tell all that was told of the row KEY of the shop's TABLE, and show the row as it landed."""
    surroundings = Surroundings(Settings.from_environment())
    with surroundings.warehouse() as warehouse:
        for line in told_of(table, key, warehouse, surroundings.lake.ingestion.bucket):
            click.echo(line)


@quarantine.command("replay")
def replay_quarantine() -> None:
    """Process the rows again, after the declaration or the code was mended."""
    surroundings = Surroundings(Settings.from_environment())
    with surroundings.warehouse() as warehouse:
        before = read_entries(warehouse)
    if before:
        sum_up(replay_until_done(surroundings, {entry.commit for entry in before}), "")
    with surroundings.warehouse() as warehouse:
        after = read_entries(warehouse)
    click.echo(f"{closed_since(before, after)} closed, {len(after)} open")


def main() -> None:
    """Run the command with the settings of the environment and of a `.env` file here."""
    load_dotenv(".env")
    try:
        hedgehog()
    except HedgehogError as error:
        sys.exit(f"hedgehog: {' '.join(str(error).split())}")
    except BotoCoreError as error:
        sys.exit(f"hedgehog: AWS cannot be reached: {error} Look at the AWS_* variables.")
    except ValueError as error:
        if not str(error).startswith("Invalid endpoint"):  # botocore has no class of its own
            raise
        sys.exit(f"hedgehog: {error} is no URL; look at AWS_ENDPOINT_URL and its like.")
