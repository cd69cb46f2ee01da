"""Shared by all commands: examples in the help, `--json`, table names and keys as arguments."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from hedgehog_pipeline.deployment import Deployment

TAKES_NEGATIVE_KEYS = {"ignore_unknown_options": True}
"""Context settings of a command with a `Key` argument: click reads `-7` as an option otherwise."""


class Command(click.Command):
    """A command whose help ends with examples.

    Attributes:
        examples: complete command lines.
    """

    def __init__(self, *args: Any, examples: Sequence[str], **others: Any) -> None:
        super().__init__(*args, **others)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class TableName(click.ParamType[str]):
    """The name of a table, with shell completion; the tables are read only when needed."""

    name = "table"

    def __init__(self, tables: Callable[[], Iterable[str]]) -> None:
        self._tables = tables

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Reject a name that is not a table."""
        if value not in (tables := tuple(self._tables())):
            self.fail(f"{value!r} is not one of {', '.join(tables)}.", param, ctx)
        return value

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 (click hands it over)
        param: click.Parameter,  # noqa: ARG002 (as ctx)
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return the tables whose names start with `incomplete`."""
        return [CompletionItem(name) for name in self._tables() if name.startswith(incomplete)]


class Key(click.ParamType[str]):
    """The key of a row. A value with a leading minus has to be a number."""

    name = "key"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Reject a mistyped option."""
        if value.startswith("-") and not value[1:].isdecimal():
            raise click.NoSuchOption(value, ctx=ctx)
        return value


def star_tables() -> Iterable[str]:
    """Return the names of the warehouse tables."""
    return read_deployment().model.star


def source_tables() -> Iterable[str]:
    """Return the names of the source tables."""
    return read_deployment().model.source


def reconciled_tables() -> Iterable[str]:
    """Return the names of the warehouse tables that can be compared with the source."""
    from hedgehog_pipeline.reconciliation.result import reconciled_tables

    return reconciled_tables(read_deployment().model.star)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
"""The `--json` option."""


def read_deployment() -> "Deployment":
    """Return the deployment that the environment variables describe."""
    from hedgehog_pipeline.deployment import Deployment
    from hedgehog_pipeline.settings import Settings

    return Deployment(Settings.from_environment())
