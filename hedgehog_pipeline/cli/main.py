"""The command line with all its commands, and its exit codes."""

import os
import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from traceback import format_exc

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
from hedgehog_pipeline.printable import printable, printable_lines

_INTERRUPTED = 130
"""The exit code of a program that SIGINT ended: 128 + 2."""

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """Adds the commands of the sandbox if that extra is installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        sandbox = _sandbox_commands() if _has_sandbox() else {}
        return sorted([*super().list_commands(ctx), *sandbox])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        if command is not None or cmd_name not in _sandbox_commands():
            return command
        if not _has_sandbox():
            raise HedgehogError(
                f"`hedgehog {cmd_name}` needs the sandbox extra, which is not installed. Run "
                "`pip install 'hedgehog-pipeline[sandbox]'`."
            )
        return _sandbox_commands()[cmd_name].load()


@cache
def _sandbox_commands() -> dict[str, EntryPoint]:
    """Return the sandbox's commands by name: it registers them, nothing here imports it."""
    return {point.name: point for point in entry_points(group="hedgehog_pipeline.sandbox")}


def _has_sandbox() -> bool:
    return find_spec("faker") is not None


@click.group(
    cls=_Commands,
    commands=[
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
    ],
    context_settings=_CONTEXT,
)
@click.version_option(package_name="hedgehog-pipeline")
@click.pass_context
def hedgehog(context: click.Context) -> None:
    """Keep a star-schema warehouse in sync with a PostgreSQL source database.

    Settings are environment variables; a file `.env` in the current folder may set them.

    \b
    Exit codes:
        0    done
        1    failed, or a difference was found: one sentence on stderr says why
        2    usage error: the usage is on stderr
        130  interrupted by Ctrl-C
    """  # noqa: D301 (a mark for click: keep the line breaks that follow)
    if os.environ.get("NO_COLOR"):
        context.color = False


def main() -> None:
    """Run the command, with settings from the environment and from `.env` in this folder."""
    load_dotenv(".env")
    try:
        sys.exit(hedgehog(prog_name="hedgehog", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("hedgehog: interrupted. The next run does the uncommitted work.", err=True)
        sys.exit(_INTERRUPTED)
    except HedgehogError as error:
        sys.exit(f"hedgehog: {printable(' '.join(str(error).split()))}")
    except BotoCoreError as error:
        sys.exit(f"hedgehog: AWS cannot be reached: {error} Check the AWS_* variables.")
    except Exception:  # noqa: BLE001 (a bug, whose traceback may quote the text of a row)
        sys.exit(printable_lines(format_exc()))
