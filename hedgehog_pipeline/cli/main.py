"""All commands together, and how each of them ends."""

import os
import sys
from importlib.util import find_spec

import click
from botocore.exceptions import BotoCoreError
from dotenv import load_dotenv

from hedgehog_pipeline.cli.completion import completion
from hedgehog_pipeline.cli.init import init
from hedgehog_pipeline.cli.migrate import migrate
from hedgehog_pipeline.cli.quarantine import quarantine
from hedgehog_pipeline.cli.reconcile import reconcile
from hedgehog_pipeline.cli.report import report
from hedgehog_pipeline.cli.stages import rebuild, run
from hedgehog_pipeline.cli.status import status
from hedgehog_pipeline.cli.trace import trace
from hedgehog_pipeline.errors import HedgehogError
from hedgehog_pipeline.printable import printable
from hedgehog_pipeline.sandbox.cli import demo, dev, latency, sandbox

_INTERRUPTED = 130
"""What a shell makes of a program that SIGINT ended."""

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_SANDBOX = {command.name: command for command in (demo, dev, latency, sandbox)}


class _Commands(click.Group):
    """Knows that the sandbox is an extra, which need not be installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = super().list_commands(ctx)
        return names if _has_sandbox() else [name for name in names if name not in _SANDBOX]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _SANDBOX and not _has_sandbox():
            raise HedgehogError(
                f"`hedgehog {cmd_name}` needs the sandbox, which is not installed: "
                "pip install 'hedgehog-pipeline[sandbox]'."
            )
        return super().get_command(ctx, cmd_name)


def _has_sandbox() -> bool:
    return find_spec("faker") is not None


@click.group(cls=_Commands, context_settings=_CONTEXT)
@click.version_option(package_name="hedgehog-pipeline")
@click.pass_context
def hedgehog(context: click.Context) -> None:
    """Keep a star-schema warehouse true to a shop's PostgreSQL database.

    The settings are environment variables, which may stand in a file `.env` here.

    \b
    Exit codes:
        0    done
        1    failed, or a difference was found: one sentence on stderr says why
        2    the command cannot be read so: its usage on stderr
        130  ended by Ctrl-C
    """  # noqa: D301 (click's mark for lines that are kept as they are)
    if os.environ.get("NO_COLOR"):
        context.color = False


for _command in (
    run,
    rebuild,
    status,
    trace,
    reconcile,
    quarantine,
    report,
    migrate,
    init,
    completion,
):
    hedgehog.add_command(_command)
for _command in _SANDBOX.values():
    hedgehog.add_command(_command)


def main() -> None:
    """Run the command with the settings of the environment and of a `.env` file here."""
    load_dotenv(".env")
    try:
        sys.exit(hedgehog(prog_name="hedgehog", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo(
            "hedgehog: interrupted. What was not committed is left to the next run.", err=True
        )
        sys.exit(_INTERRUPTED)
    except HedgehogError as error:
        sys.exit(f"hedgehog: {printable(' '.join(str(error).split()))}")
    except BotoCoreError as error:
        sys.exit(f"hedgehog: AWS cannot be reached: {error} Look at the AWS_* variables.")
